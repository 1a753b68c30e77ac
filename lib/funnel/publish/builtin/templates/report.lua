-- What both renderers do: Quarto runs this as its filter, and builtin.lua calls the parts.
local parts = { REFERENCES = { tbl = "crossref-tbl-title", fig = "crossref-fig-title", sec = "crossref-sec-prefix" } }

function parts.float_kind(name)
  local kind = name:match("^(%a+)%-")
  return (kind == "tbl" or kind == "fig") and kind or nil
end

-- A callout's blocks with its title, of inlines, as the first of them.
function parts.titled(title, body)
  local heading = title and title ~= "" and { pandoc.Str(title) } or {}
  if #heading == 0 and body[1] and body[1].t == "Header" then
    heading = body:remove(1).content
  end
  body:insert(1, pandoc.Plain(heading))
  return body
end

-- Return a titled callout's kind, title, blocks, and whether it is folded ("true", "false" or nil).
function parts.callout_of(div, words)
  local kind, body = table.concat(div.classes, " "):match("callout%-(%a+)"), div.content
  local title = body:remove(1).content
  title = #title > 0 and title or pandoc.Inlines({ pandoc.Str(words["callout-" .. kind .. "-title"] or kind) })
  return kind, title, body, div.attributes.collapse
end

-- Callouts in the PDF: Quarto's own pull a package from the network, ours is a box of the template.
function parts.callout(kind, title, body)
  title:insert(1, pandoc.RawInline("typst", '#report-box("' .. kind .. '", ['))
  title:insert(pandoc.RawInline("typst", "])["))
  body:insert(1, pandoc.Plain(title))
  body:insert(pandoc.RawBlock("typst", "]"))
  return body
end

-- The widths of columns; those that say none share what is left.
function parts.shares(div)
  local said, left, unsaid, count = pandoc.List(), 100, 0, tonumber(div.attributes["layout-ncol"])
  for at, column in ipairs(div.content) do
    said[at] = count and 1 or tonumber(((column.attributes or {}).width or ""):match("^([%d.]+)%%$")) or 0
    left, unsaid = left - said[at], unsaid + (said[at] == 0 and 1 or 0)
  end
  for at, share in ipairs(said) do
    said[at] = share > 0 and share or math.max(left, 1) / unsaid
  end
  return count and said:filter(function(_, at) return at <= count end) or said
end

-- Columns in the PDF, which Quarto would set one under the other, and tabs, which paper has not.
function parts.columns(shares, cells)
  local widths, blocks = "", pandoc.Blocks({})
  for _, share in ipairs(shares) do
    widths = widths .. ("%gfr,"):format(share)
  end
  blocks:insert(pandoc.RawBlock("typst", "#grid(columns: (" .. widths .. "), gutter: 1em,"))
  for _, cell in ipairs(cells) do
    blocks:insert(pandoc.RawBlock("typst", "["))
    blocks:extend(cell.content)
    blocks:insert(pandoc.RawBlock("typst", "],"))
  end
  blocks:insert(pandoc.RawBlock("typst", ")"))
  return blocks
end

function parts.tabs(blocks)
  return blocks:walk({ Header = function(header) return pandoc.Para({ pandoc.Strong(header.content) }) end })
end

-- Only the web, mail and places of the report can be linked to, and no image is fetched. A browser passes over
-- control characters before an address, so no address may hold one.
function parts.is_safe(target)
  local scheme = target:match("^%a[%w+.-]*:")
  if scheme then
    return (scheme == "http:" or scheme == "https:" or scheme == "mailto:") and target:match("^[^%s%c]+$") ~= nil
  end
  return target:match("^[^\\%s%c]+$") ~= nil
end

function parts.is_far(target)
  return target:match("^//") or target:match("^%a[%w+.-]*:")
end

function parts.as_text(content, target)
  local shown = pandoc.Inlines(content)
  shown:extend({ pandoc.Str(" ("), pandoc.Code(target), pandoc.Str(")") })
  return shown
end

-- What stands under a heading {#in-sec-costs} goes to the head of chapter {#sec-costs}, and with it where the page does
-- not show that; in a report without such a chapter it stays.
local function to_chapters(blocks, known)
  local made, moved, to = pandoc.Blocks({}), {}, nil
  for _, block in ipairs(blocks) do
    local name = block.t == "Header" and block.identifier:match("^in%-(.+)$")
    if name and known[name] then
      to = name
      moved[to] = moved[to] or pandoc.Blocks({})
    elseif block.t == "Header" or block.t == "RawBlock" and block.text ~= "<!-- -->" then
      to = nil -- the text's next heading, or what the report puts behind the text
      made:insert(block)
    else
      (to and moved[to] or made):insert(block)
    end
  end
  local out = pandoc.Blocks({})
  for _, block in ipairs(made) do
    out:insert(block)
    local text = block.t == "Header" and moved[block.identifier]
    if text then
      out:extend(text)
    end
  end
  return out
end

-- The blocks that a page shows; `holds` tells of a condition, by its name and value, whether it is met.
function parts.shown(blocks, holds)
  local known = {}
  blocks:walk({ Header = function(header)
    known[header.identifier] = true
  end })
  local shown = blocks:walk({ Div = function(div)
    local kind = (div.classes[1] or ""):match("^content%-(%a+)$")
    for key, value in pairs(kind and div.attributes or {}) do
      local when = key:match("^(%a+)%-")
      if when == "when" or when == "unless" then
        return holds(key, value) == ((kind == "visible") == (when == "when")) and div.content or {}
      end
    end
  end })
  return to_chapters(shown, known):walk({ Link = function(link)
    local name = link.target:match("^#in%-(.+)$")
    if name and known[name] then
      link.target = "#" .. name
      return link
    end
  end })
end

-- In the PDF a question stays with the table or picture that answers it, as its heading does: at the foot of a page they
-- would stand alone.
function parts.kept(blocks, target)
  local out = pandoc.Blocks({})
  for at, block in ipairs(blocks) do
    local before, after = blocks[at - 1], blocks[at + 1]
    local asks = target == "typst" and block.t == "Para" and before and before.t == "Header"
    if asks and after and after.t == "Div" and parts.float_kind(after.identifier) then
      local start = pandoc.RawInline("typst", "#block(sticky: true, above: 0.95em, below: 0.95em)[")
      block.content:insert(1, start)
      block.content:insert(pandoc.RawInline("typst", "]"))
    end
    out:insert(block)
  end
  return out
end

local FULL = "\u{a0}(report-full.pdf)"

-- What stands for the number of something that the meeting's PDF does not show.
function parts.elsewhere(name, words)
  return pandoc.Str(words[parts.REFERENCES[name:match("^%a+")]] .. FULL)
end

-- A link into it is the link's words.
function parts.unlinked(link)
  link.content:insert(pandoc.Str(FULL))
  return link.content
end

if not quarto then
  return parts
end

-- For Quarto alone. The words of the report's language, which Quarto hands to its own filters.
local words = quarto.json.decode(quarto.base64.decode(os.getenv("QUARTO_FILTER_PARAMS") or "e30="))

local office = dofile(quarto.utils.resolve_path("office.lua"))(parts, words)

-- A table with an id in its caption, which Quarto reads after this filter, as a block with that id; so too a picture
-- where Quarto would not count it with the others.
local function floated(node)
  local words, name = node.caption.long[1] and node.caption.long[1].content, nil
  if node.t == "Table" and words and #words > 1 and words[#words].t == "Str" then
    name = words[#words].text:match("^{#(tbl%-[^%s}]+)}$")
  elseif node.t == "Figure" and words and office.counts then
    name = node.identifier:match("^fig%-.+$")
  end
  if name and node.t == "Table" then
    words:remove()
    node.caption = { long = {} }
  end
  local content = node.t == "Figure" and node.content or pandoc.Blocks({ node })
  if name and FORMAT:match("^pptx") then -- which would show the words of the picture under it
    content = content:walk({ Image = function(image)
      image.caption = {}
      return image
    end })
  end
  content:insert(pandoc.Para(words or {}))
  return name and pandoc.Div(content, pandoc.Attr(name)) or nil
end

local function names_in(blocks)
  local names = {}
  local function note(node)
    names[node.identifier or ""] = true
  end
  blocks:walk({ Block = note, Inline = note })
  return names
end

-- What the profile hides, and what has nothing to show, is left out here: Quarto would stop at references to it.
local function leave_out(doc)
  local profiles = pandoc.List(words["quarto_profile"] or {})
  doc.blocks = doc.blocks:walk({ Table = floated, Figure = floated })
  local function holds(key, value)
    return key:match("profile$") and profiles:includes(value) or quarto.doc.is_format(value) or false
  end
  local before, shown = names_in(doc.blocks), parts.shown(doc.blocks, holds)
  local after = names_in(shown)
  local nothing = dofile(quarto.utils.resolve_path("nothing.lua"))
  local gone
  doc.blocks, gone = nothing(shown, FORMAT, parts.float_kind, function() return quarto.variables.get("t.sec_left_out") end)
  doc.blocks = parts.kept(doc.blocks, FORMAT)
  local function is_hidden(name)
    return #profiles > 0 and before[name] and not after[name]
  end
  local function said(name)
    if gone[name] then
      return pandoc.Link(gone[name], "#" .. name)
    end
    return is_hidden(name) and parts.elsewhere(name, words) or nil
  end
  local function linked(link)
    local name = link.target:match("^#(.+)$")
    if name and is_hidden(name) then
      return parts.unlinked(link)
    elseif name and not after[name] then
      quarto.log.warning("Unable to resolve link #" .. name)
    end
  end
  return doc:walk({ Link = linked, Cite = function(cite)
    local out, changed = pandoc.Inlines({}), false
    for number, citation in ipairs(cite.citations) do
      local instead = said(citation.id)
      changed = changed or instead ~= nil
      out:extend(number > 1 and { pandoc.Str(", ") } or {})
      out:extend(instead and citation.prefix or {})
      out:extend(instead and #citation.prefix > 0 and { pandoc.Space() } or {})
      out:insert(instead or pandoc.Cite({}, { citation }))
    end
    return changed and out or nil
  end })
end

-- One caption over several pictures of a cell: Quarto would give it to the first of them alone.
local function together(div)
  local caption
  local content = div.content:walk({
    Figure = function(figure)
      if figure.identifier == div.identifier .. "-1" then
        caption = figure.caption.long[1]
        return figure.content
      end
    end,
    Image = function(image)
      image.identifier = image.identifier:match("%-%d+$") and "" or image.identifier
      return image
    end,
  })
  if caption and div.classes:includes("cell") and parts.float_kind(div.identifier) then
    div.content = content
    div.content:insert(pandoc.Para(caption.content))
    return div
  end
end

-- Boxes round what a cell shows: in the PDF they would part a card from its picture, and the page shall not name the
-- folder it was made in.
local function anonymous(div)
  local class = div.classes[1] or ""
  if FORMAT == "typst" and (class:match("^cell") or class == "quarto-embed-nb-cell") and not parts.float_kind(div.identifier) then
    return div.content
  end
  if div.classes:includes("quarto-embed-nb-cell") then
    for _, key in ipairs({ "notebook", "notebook-title", "notebook-cellId" }) do
      div.attributes[key] = nil
    end
    return div
  end
end

-- In the PDF Quarto numbers a picture that has no id, and loses the caption of such a table.
local function unnumbered(node)
  local caption = node.caption.long[1]
  if FORMAT ~= "typst" or node.identifier ~= "" or not caption or pandoc.utils.stringify(caption):find("{#", 1, true) then
    return nil
  end
  local blocks = node.t == "Figure" and node.content or pandoc.Blocks({ node })
  node.caption = { long = {} }
  blocks:insert(1, pandoc.RawBlock("typst", "#figure(kind: " .. (node.t == "Table" and "table" or "image") .. ", ["))
  blocks:insert(pandoc.RawBlock("typst", "], caption: ["))
  blocks:insert(caption)
  blocks:insert(pandoc.RawBlock("typst", "])"))
  return blocks, false
end

return {
  { Pandoc = leave_out },
  { traverse = "topdown", Figure = unnumbered, Table = unnumbered, Div = function(div)
    return nil, not parts.float_kind(div.identifier)
  end },
  { Pandoc = office.count },
  {
    RawBlock = office.native,
    Cite = office.cited,
    Link = function(link)
      if not parts.is_safe(link.target) then
        return parts.as_text(link.content, link.target)
      end
    end,
    Image = function(image)
      if parts.is_far(image.src) and not image.src:match("^data:image/png;") then
        return parts.as_text(image.caption, image.src)
      end
    end,
    Div = function(div)
      if FORMAT == "typst" and table.concat(div.classes, " "):match("callout%-%a+") then
        div.content = parts.titled(div.attributes.title, div.content)
        return parts.callout(parts.callout_of(div, words))
      elseif FORMAT == "typst" and div.classes:includes("columns") then
        return parts.columns(parts.shares(div), div.content)
      elseif FORMAT == "typst" and div.classes:includes("panel-tabset") then
        return parts.tabs(div.content)
      end
      local joined = together(div)
      return office.placed(joined or div) or joined or anonymous(div)
    end,
  },
}
