-- From the built-in renderer's page to Word and PowerPoint: boxes, tables and pictures of its HTML as their own.
local slides = FORMAT:match("^pptx") ~= nil
local ROWS, ACROSS, SIGNS = 10, 109, 1400 -- rows and signs of a row that fit a slide at 9 points, signs of a text
local LINES = 7 -- of 9 points below a table; more have a slide of their own
local FEW = 500 -- signs of short sections that share a slide

local read = dofile(pandoc.path.join({
  pandoc.path.directory(PANDOC_SCRIPT_FILE), "..", "builtin", "templates", "tiles.lua",
}))
local inlines, flat = read.inlines, nil

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
    elseif block.t == "Div" and read.is_tiles(block) then
      made:insert(read.tiles(block))
    elseif block.t == "Div" and read.is_card(block) then
      made:extend(read.card(flat(block.content)))
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

local function signs(text)
  return utf8.len(text) or #text
end

local function word(text)
  local most = 0
  for one in text:gmatch("%S+") do
    most = math.max(most, signs(one))
  end
  return most
end

-- The cells of the head by row, with the column where each begins.
local function heads(one)
  local found, taken = {}, {}
  for at, row in ipairs(one.head.rows) do
    found[at] = {}
    taken[at] = taken[at] or {}
    local column = 1
    for _, cell in ipairs(row.cells) do
      while taken[at][column] do
        column = column + 1
      end
      table.insert(found[at], { column = column, cell = cell })
      for down = at, at + cell.row_span - 1 do
        taken[down] = taken[down] or {}
        for across = column, column + cell.col_span - 1 do
          taken[down][across] = true
        end
      end
    end
  end
  return found
end

local function even(one)
  for _, row in ipairs(one.bodies[1].body) do
    if #row.cells ~= #one.colspecs then
      return false
    end
  end
  return true
end

-- How many signs wide each column wants to be, as widths.py has it; and where the next column is of the same group.
local function wanted(one, told)
  local wide, joined = {}, {}
  for column = 1, #one.colspecs do
    wide[column] = 3
    for _, row in ipairs(one.bodies[1].body) do
      wide[column] = math.max(wide[column], signs(pandoc.utils.stringify(row.cells[column].contents)))
    end
  end
  for _, row in ipairs(told) do
    for _, head in ipairs(row) do
      if head.cell.col_span == 1 then
        wide[head.column] = math.max(wide[head.column], word(pandoc.utils.stringify(head.cell.contents)))
      end
      for column = head.column, head.column + head.cell.col_span - 2 do
        joined[column] = true
      end
    end
  end
  for column = 1, #wide do
    wide[column] = math.min(wide[column], 34) + 3
  end
  return wide, joined
end

local function cut(one, told, kept)
  local made, has = one:clone(), {}
  local specs = pandoc.List({})
  for _, column in ipairs(kept) do
    has[column] = true
    specs:insert(one.colspecs[column])
  end
  made.colspecs = specs
  for at, row in ipairs(told) do
    local cells = pandoc.List({})
    for _, head in ipairs(row) do
      if has[head.column] then
        cells:insert(head.cell)
      end
    end
    made.head.rows[at].cells = cells
  end
  for at, row in ipairs(one.bodies[1].body) do
    local cells = pandoc.List({})
    for _, column in ipairs(kept) do
      cells:insert(row.cells[column])
    end
    made.bodies[1].body[at].cells = cells
  end
  return made
end

-- A table too wide for a slide: its first column and as many groups of columns as fit, then the next ones. One of a
-- row or two stays whole, such as the tiles: there is room for cells of several lines.
local function narrow(one)
  if not even(one) or #one.colspecs < 3 or (#one.bodies[1].body < 3 and #one.colspecs < 12) then
    return { one }
  end
  local told = heads(one)
  local wide, joined = wanted(one, told)
  local found, kept, size, column = {}, { 1 }, wide[1], 2
  while column <= #wide do
    local last, group = column, wide[column]
    while joined[last] and last < #wide do
      last = last + 1
      group = group + wide[last]
    end
    if #kept > 1 and size + group > ACROSS then
      table.insert(found, cut(one, told, kept))
      kept, size = { 1 }, wide[1]
    end
    for at = column, last do
      table.insert(kept, at)
    end
    size, column = size + group, last + 1
  end
  if #found == 0 then
    return { one }
  end
  table.insert(found, cut(one, told, kept))
  return found
end

local function pieces(one)
  local found = {}
  for _, part in ipairs(narrow(one)) do
    local body = part.bodies[1].body
    local each = math.max(1, math.ceil(#body / math.max(1, math.ceil(#body / ROWS))))
    for first = 1, #body, each do
      local piece = part:clone()
      local rows = pandoc.List({})
      for at = first, math.min(first + each - 1, #body) do
        rows:insert(body[at])
      end
      piece.bodies[1].body = rows
      table.insert(found, piece)
    end
  end
  return #found > 0 and found or { one }
end

local function pictured(block)
  local found = false
  pandoc.Blocks({ block }):walk({ Image = function() found = true end })
  return found
end

local function exhibits(words, blocks, before)
  local notes, lines = pandoc.Blocks(before or {}), 0
  for _, block in ipairs(blocks) do
    if block.t ~= "Table" and not pictured(block) then
      notes:insert(block)
      lines = lines + math.ceil(signs(pandoc.utils.stringify(block)) / 150)
    end
  end
  local shown, apart = 0, lines > LINES
  for _, block in ipairs(blocks) do
    local parts = block.t == "Table" and pieces(block) or pictured(block) and { block } or {}
    for _, part in ipairs(parts) do
      shown = shown + 1
      local made = pandoc.Blocks({})
      if shown == 1 and not apart then
        made:extend(notes)
      end
      made:insert(part)
      slide(words, made)
    end
  end
  if #notes > 0 and (shown == 0 or apart) then
    slide(words, notes)
  end
end

local function as_slides(blocks)
  local waiting, begun = pandoc.Blocks({}), false -- few words above the first heading stand with what follows
  local held, size = {}, 0 -- sections of a sentence or two, which share a slide
  local function shown()
    local whole = title
    for at, one in ipairs(held) do
      if at == 1 then
        title, waiting = one.title, pandoc.Blocks(one.blocks)
      else
        waiting:insert(pandoc.Para({ pandoc.Strong(one.title) }))
        waiting:extend(one.blocks)
      end
    end
    if #held > 0 then
      told(waiting)
    end
    title, held, size, waiting = whole, {}, 0, pandoc.Blocks({})
  end
  local function done(more)
    local words = #pandoc.utils.stringify(waiting)
    local own = waiting
    if size + words > FEW or (words > 0 and not begun) then
      waiting = pandoc.Blocks({})
      shown()
    end
    if words > FEW or (words > 0 and not begun) then
      told(own)
    elseif words > 0 then
      table.insert(held, { title = title, blocks = own })
      size = size + words
    end
    waiting = pandoc.Blocks({})
    if not more then
      shown()
    end
  end
  for _, block in ipairs(blocks) do
    if block.t == "Header" then
      done(true)
      title, begun = block.content, true
    elseif block.t == "Div" and block.classes:includes("exhibit") then
      local few = not begun and #pandoc.utils.stringify(waiting) < 200 and waiting or nil
      waiting = few and pandoc.Blocks({}) or waiting
      done()
      exhibits(pandoc.Inlines(block.attributes.words), block.content, few)
    elseif block.t == "Table" or pictured(block) then
      local words = block.t == "Table" and inlines(block.caption.long) or {}
      done()
      exhibits(#words > 0 and words or title, pandoc.Blocks({ block }))
    elseif block.t ~= "HorizontalRule" then
      waiting:insert(block)
    end
  end
  done()
end

function Pandoc(doc)
  doc.meta.subtitle = doc.meta.description -- of its head: the title of the page is not read
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
