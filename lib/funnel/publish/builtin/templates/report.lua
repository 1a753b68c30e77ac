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
    elseif block.t == "Header" or block.t == "RawBlock" then
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
  return to_chapters(shown, known)
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

-- What stands for the number of something that the meeting's PDF does not show.
function parts.elsewhere(name, words)
  return pandoc.Str(words[parts.REFERENCES[name:match("^%a+")]] .. "\u{a0}(report-full.pdf)")
end

if not quarto then
  return parts
end

-- For Quarto alone. The words of the report's language, which Quarto hands to its own filters.
local words = quarto.json.decode(quarto.base64.decode(os.getenv("QUARTO_FILTER_PARAMS") or "e30="))

-- A slide numbers no table and no figure, and Word's would lie in a box each that no page parts: they get the caption's
-- number here, and so do the references.
local numbers, counts = {}, { tbl = 0, fig = 0 }
local slides, document = FORMAT:match("^pptx") ~= nil, FORMAT:match("^docx") ~= nil

local function label(name)
  local kind = name:match("^(%a+)%-")
  if kind and counts[kind] and not numbers[name] then
    counts[kind] = counts[kind] + 1
    local word = words["crossref-" .. kind .. "-title"] or kind
    numbers[name] = { pandoc.Str(word), pandoc.Str("\u{a0}" .. counts[kind]) }
  end
  return numbers[name]
end

local function count(doc)
  doc:walk({
    Div = function(div)
      label(div.identifier)
    end,
  })
end

-- A table or a figure of a document: its caption is a paragraph that can be referred to.
local function captioned(div, title)
  local is_table = parts.float_kind(div.identifier) == "tbl"
  local style = { ["custom-style"] = is_table and "Table Caption" or "Image Caption" }
  local words = pandoc.Para({ pandoc.Span(title, pandoc.Attr(div.identifier)) })
  div.content:insert(is_table and 1 or #div.content + 1, pandoc.Div({ words }, pandoc.Attr("", {}, style)))
  return div.content
end

-- Only what stands in no block of its own becomes a table or a picture of a slide.
local function placed(div)
  if not slides and not document or div.classes:includes("columns") or div.classes:includes("column") then
    return nil
  end
  local head = label(div.identifier)
  local caption = div.content[#div.content]
  if head and caption and caption.t == "Para" then
    local title = pandoc.Inlines(head)
    title:extend({ pandoc.Str(": ") })
    title:extend(caption.content)
    div.content:remove(#div.content)
    if document then
      return captioned(div, title)
    end
    local blocks = pandoc.Blocks({ pandoc.Header(2, title) })
    blocks:extend(div.content)
    return blocks
  end
  return slides and div.content or nil
end

-- Word, PowerPoint and the like know neither HTML nor Typst: they take the tables of the page as tables.
local office = FORMAT:match("^docx") or FORMAT:match("^pptx") or FORMAT:match("^odt")

-- In Word the columns of a table are as wide as their texts: Pandoc would make all alike.
local LINE = 150 -- signs of a table in a line of the lying page, about

local function fitted(one)
  local columns, wanted, whole = #one.colspecs, {}, 0
  local function measure(rows, pattern)
    for _, row in ipairs(rows) do
      for at, cell in ipairs(#row.cells == columns and row.cells or {}) do
        for text in pandoc.utils.stringify(cell.contents):gmatch(pattern) do
          wanted[at] = math.max(wanted[at] or 5, math.min(pandoc.text.len(text), 34))
        end
      end
    end
  end
  measure(one.head.rows, "%S+")
  for _, body in ipairs(one.bodies) do
    measure(body.body, ".+")
  end
  for at = 1, columns do
    wanted[at] = (wanted[at] or 5) + 3
    whole = whole + wanted[at]
  end
  for at, spec in ipairs(one.colspecs) do
    one.colspecs[at] = { spec[1], wanted[at] / math.max(whole, LINE) }
  end
  return one
end

local function native(block)
  if office and block.format == "html" then
    local read = pandoc.read(block.text, "html").blocks
    return read:walk({ Div = placed, Table = document and fitted or nil })
  end
end

local function cited(cite)
  local name = cite.citations[1].id
  if #cite.citations == 1 and numbers[name] and (slides or document) then
    local found = pandoc.Inlines(numbers[name])
    return document and pandoc.Link(found, "#" .. name) or found
  end
end

-- What the profile hides, and what has nothing to show, is left out here: Quarto would stop at references to it.
local function leave_out(doc)
  local profiles, hidden = pandoc.List(words["quarto_profile"] or {}), {}
  local function holds(key, value)
    return key:match("profile$") and profiles:includes(value) or quarto.doc.is_format(value) or false
  end
  local function noted(is)
    local function note(node)
      hidden[node.identifier] = is or nil
    end
    return { Header = note, Div = note, Figure = note, Table = note }
  end
  doc.blocks:walk(noted(true))
  local shown = parts.shown(doc.blocks, holds)
  shown:walk(noted(false))
  local nothing = dofile(quarto.utils.resolve_path("nothing.lua"))
  local gone
  doc.blocks, gone = nothing(shown, FORMAT, parts.float_kind, function() return quarto.variables.get("t.sec_left_out") end)
  doc.blocks = parts.kept(doc.blocks, FORMAT)
  local function said(name)
    if gone[name] then
      return pandoc.Link(gone[name], "#" .. name)
    end
    return #profiles > 0 and hidden[name] and parts.elsewhere(name, words) or nil
  end
  return doc:walk({ Cite = function(cite)
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

return {
  { Pandoc = leave_out },
  { Pandoc = count },
  {
    RawBlock = native,
    Cite = cited,
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
      return placed(joined or div) or joined or anonymous(div)
    end,
  },
}
