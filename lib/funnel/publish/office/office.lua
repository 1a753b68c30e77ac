-- From the built-in renderer's page to Word and PowerPoint: boxes, tables and pictures of its HTML as their own.
local slides = FORMAT:match("^pptx") ~= nil
local ROWS, SIGNS = 22, 1400 -- of a table and of a text that fit a slide

local function styled(div, words)
  return (div.attributes.style or ""):find(words, 1, true) ~= nil
end

local function inlines(blocks)
  return pandoc.utils.blocks_to_inlines(blocks, { pandoc.LineBreak() })
end

-- A row of tiles: title, number and small lines, one below the other.
local function tiles(div)
  local heads, numbers, lines, aligns, widths = {}, {}, {}, {}, {}
  for _, tile in ipairs(div.content) do
    local parts = tile.content
    table.insert(heads, { pandoc.Plain(inlines({ parts[1] })) })
    table.insert(numbers, { pandoc.Plain({ pandoc.Strong(inlines({ parts[2] })) }) })
    local below = pandoc.List({})
    for at = 3, #parts do
      below:insert(parts[at])
    end
    table.insert(lines, { pandoc.Plain(inlines(below)) })
    table.insert(aligns, pandoc.AlignLeft)
    table.insert(widths, 0)
  end
  local made = pandoc.SimpleTable({}, aligns, widths, heads, { numbers, lines })
  return pandoc.utils.from_simple_table(made)
end

local flat

-- A card: its title in bold, its lines below.
local function card(div)
  local made = flat(div.content)
  if made[1] and (made[1].t == "Para" or made[1].t == "Plain") then
    made[1] = pandoc.Para({ pandoc.Strong(made[1].content) })
  end
  return made
end

local function figure(one)
  local made, caption = pandoc.Blocks({}), inlines(one.caption.long)
  local inner = flat(one.content)
  if slides then
    made:insert(pandoc.Div(inner, pandoc.Attr("", { "exhibit" }, { words = pandoc.utils.stringify(caption) })))
    return made
  end
  local kind = one.classes:includes("fig") and "Image Caption" or "Table Caption"
  local words = pandoc.Div({ pandoc.Para(caption) }, pandoc.Attr("", {}, { ["custom-style"] = kind }))
  if one.classes:includes("fig") then
    inner:insert(words)
  else
    inner:insert(1, words)
  end
  return inner
end

-- What the divisions of the page hold, without them.
flat = function(blocks)
  local made = pandoc.Blocks({})
  for _, block in ipairs(blocks) do
    if block.t == "Div" and (block.classes:includes("toc") or block.classes:includes("title")) then
      -- the title and the contents: the program makes its own
    elseif block.t == "Div" and styled(block, "display:flex") then
      made:insert(tiles(block))
    elseif block.t == "Div" and styled(block, "border-left:4px") then
      made:extend(card(block))
    elseif block.t == "Div" then
      made:extend(flat(block.content))
    elseif block.t == "Figure" and #block.caption.long > 0 then
      made:extend(figure(block))
    elseif block.t == "Figure" then
      made:extend(flat(block.content))
    else
      made:insert(block)
    end
  end
  return made
end

-- Slides: a heading begins one; a table or a picture has one of its own, with its small lines.
local deck, title

local function slide(words, blocks)
  deck:insert(pandoc.Header(1, words))
  deck:extend(blocks)
end

local function told(blocks)
  local part, size = pandoc.Blocks({}), 0
  for _, block in ipairs(blocks) do
    local signs = #pandoc.utils.stringify(block) + 60
    if size > 0 and size + signs > SIGNS then
      slide(title, part)
      part, size = pandoc.Blocks({}), 0
    end
    part:insert(block)
    size = size + signs
  end
  if #part > 0 then
    slide(title, part)
  end
end

local function pieces(one)
  local body = one.bodies[1].body
  if #body <= ROWS then
    return { one }
  end
  local found = {}
  for first = 1, #body, ROWS do
    local piece = one:clone()
    local rows = pandoc.List({})
    for at = first, math.min(first + ROWS - 1, #body) do
      rows:insert(body[at])
    end
    piece.bodies[1].body = rows
    table.insert(found, piece)
  end
  return found
end

local function pictured(block)
  local found = false
  pandoc.Blocks({ block }):walk({ Image = function() found = true end })
  return found
end

local function exhibits(words, blocks, before)
  local notes = pandoc.Blocks(before or {})
  for _, block in ipairs(blocks) do
    if block.t ~= "Table" and not pictured(block) then
      notes:insert(block)
    end
  end
  local shown = 0
  for _, block in ipairs(blocks) do
    local parts = block.t == "Table" and pieces(block) or pictured(block) and { block } or {}
    for _, part in ipairs(parts) do
      shown = shown + 1
      local made = pandoc.Blocks({})
      if shown == 1 then
        made:extend(notes)
      end
      made:insert(part)
      slide(words, made)
    end
  end
  if shown == 0 and #notes > 0 then
    slide(words, notes)
  end
end

local function as_slides(blocks)
  local waiting, begun = pandoc.Blocks({}), false -- few words above the first heading stand with what follows
  local function done()
    told(waiting)
    waiting = pandoc.Blocks({})
  end
  for _, block in ipairs(blocks) do
    if block.t == "Header" then
      done()
      title, begun = block.content, true
    elseif block.t == "Div" and block.classes:includes("exhibit") then
      local few = not begun and #pandoc.utils.stringify(waiting) < 200 and waiting or nil
      waiting = few and pandoc.Blocks({}) or waiting
      done()
      exhibits(pandoc.Inlines(block.attributes.words), block.content, few)
    elseif block.t == "Table" or pictured(block) then
      local own = pandoc.Blocks({ block })
      done()
      exhibits(title, own)
    elseif block.t ~= "HorizontalRule" then
      waiting:insert(block)
    end
  end
  done()
end

function Pandoc(doc)
  local blocks = flat(doc.blocks)
  if not slides then
    return pandoc.Pandoc(blocks:walk({ Header = function(one)
      one.level = math.max(one.level - 1, 1)
      return one
    end }), doc.meta)
  end
  deck, title = pandoc.Blocks({}), doc.meta.title or pandoc.Inlines({})
  as_slides(blocks)
  return pandoc.Pandoc(deck, doc.meta)
end
