-- Word and PowerPoint under Quarto; `parts` is report.lua's, `words` are those of the report's language.
local parts, words
local read = dofile(quarto.utils.resolve_path("tiles.lua"))

-- A slide numbers no table and no figure, and Word's would lie in a box each that no page parts: they get the caption's
-- number here, and so do the references.
local numbers, counts = {}, { tbl = 0, fig = 0 }
local slides, document = FORMAT:match("^pptx") ~= nil, FORMAT:match("^docx") ~= nil

local function label(name)
  local kind = name:match("^(%a+)%-")
  if kind and counts[kind] and not numbers[name] then
    counts[kind] = counts[kind] + 1
    local word = words["crossref-" .. kind .. "-title"] or kind
    numbers[name] = { number = counts[kind], words = { pandoc.Str(word .. "\u{a0}" .. counts[kind]) } }
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
    local title = pandoc.Inlines(head.words)
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
local other = FORMAT:match("^odt") ~= nil

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
  if (slides or document or other) and block.format == "html" then
    local shown = pandoc.read(block.text, "html").blocks:walk({ traverse = "topdown", Div = function(div)
      if read.is_tiles(div) then
        return read.tiles(div), false
      elseif read.is_card(div) then
        div.content = read.card(div.content)
        return div
      end
    end })
    return shown:walk({ Div = placed, Table = document and fitted or nil })
  end
end

-- A word before the reference stands for that of the caption: "see 3".
local function cited(cite)
  local out, changed = pandoc.Inlines({}), false
  for at, citation in ipairs((slides or document) and cite.citations or {}) do
    local head, led = numbers[citation.id], #citation.prefix > 0
    out:extend(at > 1 and { pandoc.Str(","), pandoc.Space() } or {})
    if head then
      local alone = led or citation.mode == "SuppressAuthor"
      local found = pandoc.Inlines(alone and { pandoc.Str(tostring(head.number)) } or head.words)
      changed = true
      out:extend(citation.prefix)
      out:extend(led and { pandoc.Str("\u{a0}") } or {})
      out:extend(document and { pandoc.Link(found, "#" .. citation.id) } or found)
      out:extend(citation.suffix)
    else
      out:insert(pandoc.Cite({}, { citation }))
    end
  end
  return changed and out or nil
end

return function(shared, said)
  parts, words = shared, said
  return { counts = slides or document, count = count, placed = placed, native = native, cited = cited }
end
