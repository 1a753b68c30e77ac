-- What has nothing to show keeps no caption, no number and no heading: what it says is said once, and of sections
-- that hold nothing else in a list at the end, above the definitions.

-- The blocks of a table or figure but its caption: what a notebook's cell shows stands in blocks of the renderer.
local function outputs_of(blocks, last, out)
  for at = 1, last do
    local block = blocks[at]
    local class = block.t == "Div" and block.classes[1] or ""
    if class:match("^x%-output$") or class:match("^cell") or class == "quarto-embed-nb-cell" then
      outputs_of(block.content, #block.content, out)
    else
      out:insert(block)
    end
  end
  return out
end

-- The words of a table or figure that says only why it is empty, or nil.
local function words_of(float)
  local words
  for _, inner in ipairs(outputs_of(float.content, #float.content - 1, pandoc.List())) do
    local raw = inner.t == "RawBlock" and inner.format == "html" and inner.text
    if raw and raw:find('<p class="empty">', 1, true) and not raw:find("<table", 1, true) then
      words = (words or "") .. raw:match('<p class="empty">(.-)</p>')
    elseif not (inner.t == "RawBlock" and inner.format ~= "html") then
      return nil
    end
  end
  return words
end

local function is_break(block)
  local raw = block.t == "RawBlock" and block.text or ""
  return block.t == "Div" and block.classes[1] == "x-break" or raw:find("pagebreak", 1, true) or raw:find("page%-break")
end

-- A heading with what stands under it, up to the next one.
local function parts_of(blocks)
  local parts = pandoc.List({ { blocks = pandoc.Blocks({}) } })
  for _, block in ipairs(blocks) do
    if block.t == "Header" then
      parts:insert({ header = block, blocks = pandoc.Blocks({}) })
    else
      parts[#parts].blocks:insert(block)
    end
  end
  return parts
end

-- Where a reference to what is gone leads.
local function anchor(name, target)
  if target == "typst" then
    return pandoc.RawBlock("typst", "#metadata(none) <" .. name .. ">")
  end
  return pandoc.Plain({ pandoc.Span({}, pandoc.Attr(name)) })
end

return function(blocks, target, float_kind, heading)
  local top, said, gone, list = 7, {}, {}, pandoc.List()
  local parts, made = parts_of(blocks), pandoc.Blocks({})
  for _, part in ipairs(parts) do
    top = part.header and math.min(top, part.header.level) or top
  end
  for _, part in ipairs(parts) do -- full: whether it shows more than what it asks and why it is empty
    local asks = true
    part.notes, part.full = pandoc.List(), part.header == nil or #part.blocks == 0
    for at, block in ipairs(part.blocks) do
      local float = block.t == "Div" and float_kind(block.identifier)
      part.notes[at] = float and words_of(block) or false
      part.full = part.full or not (part.notes[at] or is_break(block) or block.t == "Para")
      asks = asks and not float
    end
    part.full = part.full or asks and part.blocks:find_if(function(block) return not is_break(block) end) ~= nil
  end
  for at, part in ipairs(parts) do -- a section is full where one of its parts is
    local last = at
    while part.header and part.header.level == top and parts[last + 1] and parts[last + 1].header.level > top do
      last = last + 1
      part.any = part.any or parts[last].full and #parts[last].blocks > 0
    end
    part.any = part.any or part.full and (#part.blocks > 0 or last == at)
    part.last = last
  end
  local plain = "" -- what stands in no table or figure
  local within -- the section's title, where all of it goes into the list
  for at, part in ipairs(parts) do
    if part.header and part.header.level == top then
      within = not part.any and part.header or nil
    end
    local told = pandoc.Blocks({})
    for place, block in ipairs(part.blocks) do
      local words = part.notes[place]
      if words then
        local caption = pandoc.utils.stringify(block.content[#block.content])
        gone[block.identifier] = "«" .. caption .. "»"
        told:insert(anchor(block.identifier, target))
        if not said[words] and not plain:find(words, 1, true) then
          said[words] = true
          block.content:remove(#block.content)
          told:extend(block.content)
        end
      elseif not within and (part.full or block.t ~= "Para") then
        told:insert(block)
        block:walk({ RawBlock = function(raw) plain = plain .. raw.text end })
      end
    end
    if within then
      if part.header then
        gone[part.header.identifier] = "«" .. pandoc.utils.stringify(part.header.content) .. "»"
        told:insert(1, anchor(part.header.identifier, target))
      end
      if part.header == within then
        list:insert({ title = within.content, blocks = told })
      else
        list[#list].blocks:extend(told)
      end
    else
      if part.header and (part.full or part.header.level == top) then
        made:insert(part.header)
      elseif part.header then
        gone[part.header.identifier] = "«" .. pandoc.utils.stringify(part.header.content) .. "»"
        made:insert(anchor(part.header.identifier, target))
      end
      made:extend(told)
    end
  end
  local told, at = pandoc.Blocks({}), #made + 1
  if #list > 0 then
    told:insert(pandoc.Header(top, heading(), pandoc.Attr("sec-left-out")))
  end
  for _, one in ipairs(list) do
    if target == "typst" then -- else it would stand behind the words above it
      told:insert(pandoc.RawBlock("typst", "#parbreak()"))
    end
    told:insert(pandoc.Para({ pandoc.Strong(one.title) }))
    told:extend(one.blocks)
  end
  for place, block in ipairs(made) do -- above the definitions: alone on a last page it would be two lines
    at = block.t == "Header" and block.identifier == "sec-definitions" and place or at
  end
  for place, block in ipairs(told) do
    made:insert(at + place - 1, block)
  end
  return made, gone
end
