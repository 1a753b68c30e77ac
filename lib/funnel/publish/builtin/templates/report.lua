-- For Quarto alone; the built-in renderer does the same in lower.py.

-- The words of the report's language, which Quarto hands to its own filters.
local words = quarto.json.decode(quarto.base64.decode(os.getenv("QUARTO_FILTER_PARAMS") or "e30="))

-- Callouts in the PDF: Quarto's own pull a package from the network, ours is a box of the template.
local function callout(div)
  for _, class in ipairs(div.classes) do
    local kind = class:match("^callout%-(%a+)$")
    if kind then
      local title = div.attributes["title"] and { pandoc.Str(div.attributes["title"]) }
      local body = div.content
      if not title and body[1] and body[1].t == "Header" then
        title = body[1].content
        body:remove(1)
      end
      local head = pandoc.List({ pandoc.RawInline("typst", '#report-box("' .. kind .. '", [') })
      head:extend(title or { pandoc.Str(words["callout-" .. kind .. "-title"] or kind) })
      head:insert(pandoc.RawInline("typst", "])["))
      local blocks = pandoc.List({ pandoc.Plain(head) })
      blocks:extend(body)
      blocks:insert(pandoc.RawBlock("typst", "]"))
      return blocks
    end
  end
end

-- Columns in the PDF, which Quarto would set one under the other, and tabs, which paper has not.
local function columns(div)
  local said, left, unsaid = {}, 100, 0
  for at, column in ipairs(div.content) do
    said[at] = tonumber(((column.attributes or {}).width or ""):match("^([%d.]+)%%$"))
    left, unsaid = left - (said[at] or 0), unsaid + (said[at] and 0 or 1)
  end
  local shares, blocks = "", pandoc.Blocks({})
  for at, column in ipairs(div.content) do
    shares = shares .. (said[at] or math.max(left, 1) / unsaid) .. "fr, "
    blocks:insert(pandoc.RawBlock("typst", "["))
    blocks:extend(column.content)
    blocks:insert(pandoc.RawBlock("typst", "],"))
  end
  blocks:insert(1, pandoc.RawBlock("typst", "#grid(columns: (" .. shares .. "), gutter: 1em,"))
  blocks:insert(pandoc.RawBlock("typst", ")"))
  return blocks
end

local function tabs(div)
  return div.content:walk({
    Header = function(header)
      return pandoc.Para({ pandoc.Strong(header.content) })
    end,
  })
end

-- Only the web, mail and places of the report can be linked to, and no image is fetched.
local function reachable(target)
  local scheme = target:lower():match("^%s*([a-z][a-z0-9+.-]*):")
  return not scheme or scheme == "http" or scheme == "https" or scheme == "mailto"
end

local function as_text(content, target)
  local shown = pandoc.List(content)
  shown:extend({ pandoc.Str(" ("), pandoc.Code(target), pandoc.Str(")") })
  return shown
end

-- A slide numbers no table and no figure: it gets the caption's number here, and so do the references.
local numbers, counts = {}, { tbl = 0, fig = 0 }

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

-- Only what stands in no block of its own becomes a table or a picture of a slide.
local function slide(div)
  if not FORMAT:match("^pptx") or div.classes:includes("columns") or div.classes:includes("column") then
    return nil
  end
  local head = label(div.identifier)
  local caption = div.content[#div.content]
  if head and caption and caption.content then
    local title = pandoc.Inlines(head)
    title:extend({ pandoc.Str(": ") })
    title:extend(caption.content)
    div.content:remove(#div.content)
    local blocks = pandoc.Blocks({ pandoc.Header(2, title) })
    blocks:extend(div.content)
    return blocks
  end
  return div.content
end

-- Word, PowerPoint and the like know neither HTML nor Typst: they take the tables of the page as tables.
local office = FORMAT:match("^docx") or FORMAT:match("^pptx") or FORMAT:match("^odt")

local function native(block)
  if office and block.format == "html" then
    return pandoc.read(block.text, "html").blocks:walk({ Div = slide })
  end
end

local function cited(cite)
  local found = FORMAT:match("^pptx") and numbers[cite.citations[1].id]
  return found and #cite.citations == 1 and pandoc.Inlines(found) or nil
end

-- The page shall not name the folder it was made in.
local function anonymous(div)
  if div.classes:includes("quarto-embed-nb-cell") then
    for _, key in ipairs({ "notebook", "notebook-title", "notebook-cellId" }) do
      div.attributes[key] = nil
    end
    return div
  end
end

return {
  { Pandoc = count },
  {
    RawBlock = native,
    Cite = cited,
    Link = function(link)
      if not reachable(link.target) then
        return as_text(link.content, link.target)
      end
    end,
    Image = function(image)
      if image.src:match("^//") or image.src:match("^%a[%w+.-]*:") and not image.src:match("^data:image/png;") then
        return as_text(image.caption, image.src)
      end
    end,
    Div = function(div)
      if FORMAT == "typst" then
        local box = callout(div)
        if box then
          return box
        elseif div.classes:includes("columns") then
          return columns(div)
        elseif div.classes:includes("panel-tabset") then
          return tabs(div)
        end
      end
      return slide(div) or anonymous(div)
    end,
  },
}
