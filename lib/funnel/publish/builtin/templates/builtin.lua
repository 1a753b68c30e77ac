-- The built-in renderer: texts in, each read on its own so that none reaches into another; pages out.
-- What a text may hold is checked here; pages.lua makes the pages; what Quarto's filter does too is in report.lua.
local given = pandoc.json.decode(io.read("a"), false)
local shared, make = dofile(given.folder .. "/report.lua"), dofile(given.folder .. "/pages.lua")
local answer = { problems = pandoc.List(), images = pandoc.List(), pages = pandoc.List() }
local work = { given = given, shared = shared, places = {} }

local OPEN, CLOSE = "\u{e000}", "\u{e001}"
local LEVELS = 400 -- brackets of Pandoc's JSON; a list in a list takes four
local ALONE = { embed = true, include = true, pagebreak = true }
local CALLOUTS = { "callout-note", "callout-tip", "callout-warning", "callout-important", "callout-caution" }
local DIVS = pandoc.List({ "landscape", "content-visible", "content-hidden", "panel-tabset", "columns", "column" })
DIVS:extend(CALLOUTS)
local CONDITIONS = { ["when-format"] = " html typst ", ["unless-format"] = " html typst ",
  ["when-profile"] = " meeting ", ["unless-profile"] = " meeting " }
-- Attributes that a block may have, by its class; a callout has one look here, and none has an icon.
local ATTRIBUTES = { [""] = { "layout-ncol" }, column = { "width" },
  callout = { "title", "collapse", "appearance", "icon" },
  content = { "when-format", "unless-format", "when-profile", "unless-profile" } }
local CLASSES = { Header = { "unnumbered", "unlisted" }, Span = { "smallcaps", "underline", "mark" },
  Link = { "uri", "email" } }
local BLOCKS = "{#tbl-name}, {#fig-name}, {layout-ncol=2}, .landscape, .columns with .column, .panel-tabset, "
  .. ".callout-note|tip|warning|important|caution, .content-visible|hidden with when-format, unless-format, "
  .. "when-profile or unless-profile"
local CONDITION = 'one of when-format and unless-format, "html" or "typst" (the PDF), or of when-profile and '
  .. 'unless-profile, "meeting"'

local function problem(place, wrong, allowed, todo, like, known)
  answer.problems:insert({ place, wrong, allowed or "", todo or "", like or "", pandoc.List(known or {}) })
end

-- Return where the first of some texts stands in some sources: in their prose, or else in their code.
local function find(sources, ...)
  for _, needle in ipairs({ ... }) do
    for _, source in ipairs(sources) do
      for _, text in ipairs(source.first > 0 and needle ~= "" and { source.bare, source.text } or {}) do
        local at = text:find(needle, 1, true)
        if at then
          local _, lines = text:sub(1, at - 1):gsub("\n", "")
          return ("%s:%d"):format(source.name, source.first + lines)
        end
      end
    end
  end
  return sources[1].name
end

local blocks_of, inlines_of -- of a source

-- A numbered table or figure, as Quarto writes one: an id, and the caption as last paragraph, which also tells of
-- a picture without words of its own.
local function float(name, caption, body)
  local words = pandoc.utils.stringify(caption)
  local content = pandoc.Blocks(body):walk({ Div = function(div)
    if div.classes[1] == "x-image" and div.attributes.alt == "" then
      div.attributes.alt = words
      return div
    end
  end })
  content:insert(pandoc.Plain(caption))
  return pandoc.Div(content, pandoc.Attr(name))
end

local function side_by_side(blocks, count)
  local cells = blocks:map(function(block) return pandoc.Div({ block }, pandoc.Attr("", { "column" })) end)
  return pandoc.Div(cells, pandoc.Attr("", { "columns" }, { ["layout-ncol"] = count }))
end

local function read_float(name, body, columns, place)
  if not shared.float_kind(name) then
    problem(place, "a block with the id #" .. name, "#tbl-name or #fig-name")
    return body
  end
  body:walk({ Div = function(inner)
    if shared.float_kind(inner.identifier) then
      problem(place, "a numbered table or figure inside #" .. name, "one beside the other")
    end
  end })
  local caption = #body > 1 and body:remove()
  if not caption or caption.t ~= "Para" and caption.t ~= "Plain" then
    problem(place, "#" .. name .. " has no caption", "content, an empty line, and the caption as last paragraph")
    return body
  end
  return float(name, caption.content, columns and { side_by_side(body, columns) } or body)
end

local function check_condition(kind, attributes, place)
  local said, right = pandoc.List(), true
  for key, value in pairs(attributes) do
    said:insert(key .. '="' .. value .. '"')
    right = right and (CONDITIONS[key] or ""):find(" " .. value .. " ", 1, true)
  end
  if not right or #said ~= 1 then
    local found = #said > 0 and table.concat(said, ", ") or "no condition"
    problem(place, "a ." .. kind .. " block with " .. found, CONDITION)
  end
end

local read = {}

function read.Div(source, div, inner)
  source.seen = source.seen + 1
  local line, name, attributes = source.divs[source.seen], div.identifier, div.attributes
  local place = line and ("%s:%d"):format(source.name, line) or source.name
  local body, kind, known = inner(div.content), div.classes[1] or "", #div.classes < 2
  for _, class in ipairs(div.classes) do
    if not DIVS:includes(class) then
      problem(place, "a block ." .. class, BLOCKS, "render with Quarto", class, DIVS)
      known = false
    end
  end
  if #div.classes > 1 then
    problem(place, "a block with " .. table.concat(div.classes, " and "), "one of them; nest two blocks")
  end
  if not known then
    return body
  end
  local allowed = pandoc.List(ATTRIBUTES[kind:match("^callout") or kind:match("^content") or kind] or {})
  for key in pairs(attributes) do
    if not allowed:includes(key) then
      local right = #allowed > 0 and table.concat(allowed, ", ") or "none here"
      problem(place, "the attribute " .. key .. " of a block", right)
    end
  end
  local columns, width = attributes["layout-ncol"], attributes.width
  if columns and not columns:match("^[1-6]$") then
    problem(place, "layout-ncol=" .. columns, "1 to 6")
  end
  if kind == "" then
    return name ~= "" and read_float(name, body, columns, place) or columns and side_by_side(body, columns) or body
  end
  if name ~= "" then
    problem(place, "an id #" .. name .. " on a block ." .. kind, "no id there")
  end
  if width and not width:match("^%d[%d.]*%%$") then
    problem(place, "width=" .. width .. " of a column", "a share, such as 40%")
  end
  local odd = body:find_if(function(block) return block.t ~= "Div" or block.classes[1] ~= "column" end)
  if kind == "columns" and (odd or #body == 0) then
    problem(place, "a block .columns that holds something else", "blocks .column alone")
    return body
  end
  if kind:match("^content") then
    check_condition(kind, attributes, place)
  elseif kind:match("^callout") then
    body = shared.titled(attributes.title, body)
  elseif kind == "panel-tabset" then
    return shared.tabs(body)
  end
  div.content, div.identifier, attributes.at = body, "", place
  return div
end

function read.Figure(source, figure, inner)
  local name, pictures, caption = figure.identifier, 0, figure.caption.long[1]
  local content = figure.content:walk({ Image = function(image)
    name, image.identifier = name ~= "" and name or image.identifier, ""
    return image
  end })
  local body, text = inner(content), caption and inner(caption.content) or {}
  if name:match("^fig%-") then
    return float(name, text, body)
  elseif name ~= "" then
    problem(find({ source }, "#" .. name), "an image with the id #" .. name, "#fig-name")
  end
  body:walk({ Image = function() pictures = pictures + 1 end })
  if pictures == 0 then
    return #body > 0 and pandoc.Para(body[1].content) or {}
  end
  return pandoc.Figure(body, { long = { pandoc.Plain(text) } })
end

function read.Table(source, node, inner)
  local name, caption = node.identifier, node.caption.long[1]
  local place = find({ source }, name ~= "" and "#" .. name or "")
  if #node.classes > 0 or #node.attributes > 0 then
    problem(place, "classes or attributes of a table", "an id #tbl-name")
  end
  if name == "" then
    return nil
  elseif not name:match("^tbl%-") or not caption then
    problem(place, "a table with the id #" .. name, "#tbl-name, with a caption")
    return {}
  end
  node.attr, node.caption = pandoc.Attr(), { long = {} }
  return float(name, inner(caption.content), inner(pandoc.Blocks({ node })))
end

function read.Image(source, image, inner)
  local place, sizes, caption = find({ source }, image.src), {}, inner(image.caption)
  if shared.is_far(image.src) then
    return shared.as_text(caption, image.src)
  end
  local odd = image.identifier ~= "" or #image.classes > 0
  for key, value in pairs(image.attributes) do
    local known = (key == "width" or key == "height") and value:match("^%d[%d.]*[%%%a]*$")
    sizes[key], odd = known or nil, odd or not known
  end
  if odd then
    problem(place, "an image with other attributes", "{#fig-name width=50%}")
  end
  answer.images:insert({ image.src, place, source.trusted })
  return pandoc.Image(caption, OPEN .. "i" .. #answer.images .. CLOSE, "", pandoc.Attr("", {}, sizes))
end

function read.Cite(source, cite, inner)
  cite.content = {}
  cite.citations = cite.citations:map(function(citation)
    local name = citation.id
    local place = find({ source }, "@" .. name)
    work.places[name] = work.places[name] or place
    if not work.shared.REFERENCES[name:match("^(%a+)%-") or ""] then
      local todo = "write \\@" .. name .. " for the text"
      problem(place, "@" .. name .. " is no reference", "@tbl-name, @fig-name, @sec-name", todo)
    end
    citation.prefix, citation.suffix = inner(citation.prefix), inner(citation.suffix)
    return citation
  end)
  return cite
end

function read.Code(_, code)
  return pandoc.Code(code.text)
end

function read.CodeBlock(source, block)
  if source.trusted and block.classes:includes("funnel-raw") then
    return pandoc.RawBlock(block.attributes.format, block.text)
  end
  return pandoc.CodeBlock(block.text)
end

function read.RawBlock(source, raw)
  local start = raw.text:match("^%s*(.-)%s*$"):sub(1, utf8.offset(raw.text .. (" "):rep(41), 41) - 1)
  local place = find({ source }, raw.text:match("^[^\n]*"))
  problem(place, "raw " .. raw.format .. " in the text: " .. start, "Markdown; or blocks {=html} and {=typst} in report.qmd")
  return {}
end
read.RawInline = read.RawBlock

function read.Header(source, node)
  local wrong, allowed, classes = pandoc.List(), pandoc.List(CLASSES[node.t]), "no class or attribute there"
  for _, class in ipairs(node.classes) do
    wrong:extend(allowed:includes(class) and {} or { "." .. class })
  end
  for key in pairs(node.attributes) do
    wrong:insert(key .. "=")
  end
  if #wrong > 0 then
    local place = find({ source }, wrong[1], node.target or pandoc.utils.stringify(node.content))
    classes = node.t ~= "Link" and "." .. table.concat(allowed, " .") or classes
    problem(place, table.concat(wrong, " ") .. " on a " .. node.t:lower(), classes)
  end
end
read.Span = read.Header

function read.Link(source, link, inner)
  read.Header(source, link)
  link.content, link.title = inner(link.content), ""
  return shared.is_safe(link.target) and link or shared.as_text(link.content, link.target)
end

local function exhibit(call)
  local shown, out = call.exhibit, pandoc.Blocks({})
  for _, output in ipairs(shown.outputs) do
    if output.source then
      local attr = pandoc.Attr("", { "x-output" }, { address = shown.address })
      out:insert(pandoc.Div(blocks_of(given.sources[output.source]), attr))
    elseif output.picture then
      out:insert(pandoc.Div({}, pandoc.Attr("", { "x-image" }, { name = output.picture, alt = output.alt })))
    else
      out:insert(pandoc.CodeBlock(output.words))
    end
  end
  if shown.kind == "" then
    return out
  end
  local caption = shown.caption and blocks_of(given.sources[shown.caption]) or {}
  if #caption > 1 then
    problem(call.place, "the caption of " .. shown.address .. " is more than one paragraph", "one")
  end
  return float(shown.name, caption[1] and caption[1].content or {}, out)
end

-- A shortcode that stands alone in its paragraph.
function read.Para(_, paragraph)
  local text = #paragraph.content == 1 and paragraph.content[1].text or ""
  local call = given.calls[tonumber(text:match("^" .. OPEN .. "(%d+)" .. CLOSE .. "$"))]
  if not call or not ALONE[call.name] then
    return nil
  elseif call.name == "pagebreak" then
    return pandoc.Div({}, pandoc.Attr("", { "x-break" }, { at = call.place }))
  end
  return call.source and blocks_of(given.sources[call.source]) or call.exhibit and exhibit(call) or {}
end
read.Plain = read.Para

-- A piece of text with its shortcodes replaced.
function read.Str(_, piece)
  local out, at, text = pandoc.Inlines({}), 1, piece.text
  for first, number, last in text:gmatch("()" .. OPEN .. "(%d+)" .. CLOSE .. "()") do
    local call = given.calls[tonumber(number)] or {}
    out:insert(pandoc.Str(text:sub(at, first - 1)))
    if call.value then
      out:extend(inlines_of(given.sources[call.value]))
    elseif ALONE[call.name] then
      problem(call.place, call.name .. " inside a paragraph", "a paragraph of its own")
    end
    at = last
  end
  out:insert(pandoc.Str(text:sub(at)))
  return at > 1 and out:filter(function(inline) return inline.text ~= "" end) or nil
end

local function checked(source, tree)
  local filter = { traverse = "topdown" }
  local function inner(list)
    return list:walk(filter)
  end
  for kind, reader in pairs(read) do
    filter[kind] = function(node)
      local out = reader(source, node, inner)
      return out, out == nil
    end
  end
  return inner(tree)
end

local function parsed(source)
  return pandoc.read(source.text, source.trusted and given.trusted or given.untrusted).blocks
end

function blocks_of(source)
  source.seen = 0
  local done, depth = checked(source, parsed(source)), 0
  local json = pandoc.write(pandoc.Pandoc(done), "json")
  for bracket in json:gsub("\\.", ""):gsub('"[^"]*"', ""):gmatch("[%[%]]") do
    depth = depth + (bracket == "[" and 1 or -1)
    if depth > LEVELS then
      error("NESTED")
    end
  end
  -- Shortcodes in places where they have no effect, such as the address of a link.
  for number in json:gsub("%%EE%%80%%80", OPEN):gmatch(OPEN .. "(%d+)") do
    local call = given.calls[tonumber(number)]
    if call then
      problem(call.place, call.name .. " in an address or attribute", "plain text")
    end
  end
  return done
end

function inlines_of(source)
  local tree = parsed(source)
  if #tree == 1 and (tree[1].t == "Para" or tree[1].t == "Plain") then
    return checked(source, tree[1].content)
  elseif #tree > 0 then
    problem(source.name, "a value that is more than one paragraph of text", "one paragraph")
  end
  return pandoc.Inlines({})
end

work.problem = problem
function work.find(...)
  return find(given.sources, ...)
end

local blocks, meta = blocks_of(given.sources[1]), {}
for key, number in pairs(given.meta) do
  meta[key] = pandoc.MetaInlines(inlines_of(given.sources[number]))
end
for _, page in ipairs(given.pages) do
  answer.pages:insert(make(work, blocks, meta, page))
end
-- Pandoc's writer indents tables, and behind a list they would be part of it: it parts only lists and code from lists.
local function parted(blocks)
  local out = pandoc.Blocks({})
  for at, block in ipairs(blocks) do
    out:extend(block.t == "Table" and at > 1 and blocks[at - 1].t:match("List$") and { pandoc.RawBlock("html", "<!-- -->") } or {})
    out:insert(block)
  end
  return out
end

if given.again then -- as Markdown
  local tree = parsed(given.sources[1]):walk({ Blocks = parted })
  answer.pages:insert(pandoc.write(pandoc.Pandoc(tree), "markdown", { wrap_text = "preserve" }))
end
io.write(pandoc.json.encode(answer))
