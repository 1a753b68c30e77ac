-- One page of the built-in renderer: conditions decided; sections, tables and figures numbered; references resolved.
local NBSP = "\u{a0}"

-- Blocks, lists of blocks, and texts that are passed on as they are.
local function sequence(format, ...)
  local out = pandoc.Blocks({})
  for _, one in ipairs({ ... }) do
    if type(one) == "string" then
      out:insert(pandoc.RawBlock(format, one))
    else
      out:extend(one.t and { one } or one)
    end
  end
  return out
end

local function line(format, ...)
  local out = pandoc.Inlines({})
  for _, one in ipairs({ ... }) do
    out:extend(type(one) == "string" and { pandoc.RawInline(format, one) } or one)
  end
  return pandoc.Plain(out)
end

local function escaped(text)
  return (text:gsub("[&<>\"']", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#x27;" }))
end

local html, typst = {}, {}

function html.float(name, kind, label, caption, body)
  local lead = pandoc.Span(#caption > 0 and label .. ":" or label, pandoc.Attr("", { "caption-label" }))
  local under = sequence("html", "<figcaption>", line("html", { lead, pandoc.Space() }, caption), "</figcaption>")
  local start = '<figure id="' .. escaped(name) .. '" class="exhibit ' .. kind .. '">'
  if kind == "tbl" then
    return sequence("html", start, under, '<div class="scroll">', body, "</div>", "</figure>")
  end
  return sequence("html", start, body, under, "</figure>")
end

function typst.float(name, kind, label, caption, body)
  local position, word = kind == "tbl" and "top" or "bottom", label:match("^(.*)" .. NBSP)
  local start = "], caption: figure.caption(position: " .. position .. ", separator: [: ], ["
  local tail = ']), kind: "quarto-float-' .. kind .. '", supplement: [' .. word .. '], numbering: "1") <' .. name .. ">"
  return sequence("typst", "#figure([", body, line("typst", start, caption, tail))
end

function html.image(name, alt)
  return pandoc.RawBlock("html", '<img src="' .. name .. '" alt="' .. escaped(alt) .. '">')
end

function typst.image(name, alt)
  local words = alt:gsub("\\", "\\\\"):gsub('"', '\\"')
  return pandoc.RawBlock("typst", '#image("' .. name .. '", width: 100%, alt: "' .. words .. '")')
end

function html.columns(shares, cells)
  local widths = shares:map(function(share) return ("minmax(0,%gfr)"):format(share) end)
  local out = sequence("html", '<div class="columns" style="--columns:' .. table.concat(widths, " ") .. '">')
  for _, cell in ipairs(cells) do
    out:extend(sequence("html", "<div>", cell.content, "</div>"))
  end
  return sequence("html", out, "</div>")
end

function html.callout(kind, title, body, fold)
  local outer, inner = fold and "details" or "aside", fold and "summary" or "p"
  local start = ('<%s%s class="callout %s"><%s class="callout-title">'):format(
    outer, fold == "false" and " open" or "", kind, inner)
  return sequence("html", start, pandoc.Plain(title), "</" .. inner .. ">", body, "</" .. outer .. ">")
end

function html.landscape(body)
  return body
end

function typst.landscape(body)
  return sequence("typst", "#page(flipped: true)[", body, "]")
end

html.pause, typst.pause = '<div class="page-break"></div>', "#pagebreak(weak: true)"

function html.header(header, number, top)
  local lead = { pandoc.Span(number, pandoc.Attr("", { "header-section-number" })), pandoc.Str(NBSP) }
  local content = line("html", number ~= "" and lead or {}, header.content).content
  return pandoc.Header(math.min(header.level - top + 2, 6), content, pandoc.Attr(header.identifier, header.classes))
end

function typst.header(header, number, top)
  local classes = header.classes
  classes:extend(number == "" and not classes:includes("unnumbered") and { "unnumbered" } or {})
  return pandoc.Header(header.level - top + 1, header.content, pandoc.Attr(header.identifier, classes))
end

-- A page cannot start inside another block.
local function check_pages(blocks, work)
  local function check(div)
    local what = ({ ["x-break"] = "a page break", landscape = "a landscape block" })[div.classes[1]]
    if what then
      work.problem(div.attributes.at, what .. " inside another block", "at the outer level")
    end
  end
  for _, block in ipairs(blocks) do
    for _, inner in ipairs(block.t == "Div" and block.classes[1] == "landscape" and block.content or { block }) do
      inner:walk({ Div = check })
    end
  end
end

-- Give every section, table and figure its number; return also what is there, by id.
local function numbered(blocks, work, page)
  local counters, floats, top = { 0, 0, 0, 0, 0, 0, 0 }, { tbl = 0, fig = 0 }, 7
  local found = { ids = {}, labels = {}, order = pandoc.List() }
  local function label(kind, name, number)
    found.labels[name] = number and (work.given.words[work.shared.REFERENCES[kind]] .. NBSP .. number) or nil
    found.order:insert(name)
  end
  local function twice(name)
    work.problem(work.find("#" .. name), "the id #" .. name .. " is used twice", "", "rename one")
  end
  blocks:walk({ Header = function(header) top = math.min(top, header.level) end })
  found.top = top
  return blocks:walk({
    traverse = "topdown",
    Header = function(header)
      local depth, name, number, count = header.level - top + 1, header.identifier, "", 0
      if page.numbered and not header.classes:includes("unnumbered") then
        counters[depth] = counters[depth] + 1
        for below = depth + 1, 7 do
          counters[below] = 0
        end
        number = table.concat(counters, ".", 1, depth)
      end
      if found.ids[name] and name:match("^sec%-") then
        twice(name)
      end
      while found.ids[name] do
        count = count + 1
        name = header.identifier .. "-" .. count
      end
      found.ids[name], header.identifier, header.attributes.number = true, name, number
      if name:match("^sec%-") then
        label("sec", name, number ~= "" and number or nil)
        found.labels[name] = found.labels[name] or "«" .. pandoc.utils.stringify(header.content) .. "»"
      end
      return header
    end,
    Div = function(div)
      local name, kind = div.identifier, work.shared.float_kind(div.identifier)
      if kind then
        floats[kind] = floats[kind] + 1
        if found.ids[name] then
          twice(name)
        end
        found.ids[name] = true
        label(kind, name, floats[kind])
      end
    end,
    Span = function(span) found.ids[span.identifier] = true end,
  }), found
end

local function lowered(blocks, work, page, found)
  local shared, write = work.shared, page.target == "html" and html or typst
  local filter = {}

  function filter.Div(div)
    local class, kind, body = div.classes[1] or "", shared.float_kind(div.identifier), div.content
    if kind then
      local caption = body:remove().content
      return write.float(div.identifier, kind, found.labels[div.identifier], caption, body)
    elseif class == "x-image" then
      return write.image(div.attributes.name, div.attributes.alt)
    elseif class == "x-break" then
      return pandoc.RawBlock(page.target, write.pause)
    elseif class == "x-output" then
      if not body:find_if(function(block) return block.t ~= "RawBlock" or block.format == page.target end) then
        work.problem(div.attributes.address:match("^[^#]*"), div.attributes.address .. " has nothing to show in " .. page.target)
      end
      return body
    elseif class == "landscape" then
      return write.landscape(body)
    elseif class == "columns" then
      return (write.columns or shared.columns)(shared.shares(div), body)
    elseif class:match("^callout%-") then
      return (write.callout or shared.callout)(shared.callout_of(div, work.given.words))
    end
  end

  function filter.Header(header)
    return write.header(header, header.attributes.number, found.top)
  end

  function filter.Cite(cite)
    local out = pandoc.Inlines({})
    for number, citation in ipairs(cite.citations) do
      local name, label, led = citation.id, found.labels[citation.id], #citation.prefix > 0
      out:extend(number > 1 and { pandoc.Str(", ") } or {})
      out:extend(citation.prefix)
      out:extend(led and { pandoc.Str(NBSP) } or {})
      if label then
        local text = (led or citation.mode == "SuppressAuthor") and label:match(NBSP .. "([^" .. NBSP .. "]*)$") or label
        out:insert(pandoc.Link(text, "#" .. name, "", pandoc.Attr("", { "reference" })))
      elseif found.hidden[name] and page.profile ~= "" then
        out:insert(shared.elsewhere(name, work.given.words))
      else
        local known = #found.order > 0 and table.concat(found.order, ", ") or "none"
        work.problem(work.places[name], "@" .. name .. " refers to nothing", known, "", name, found.order)
      end
      out:extend(citation.suffix)
    end
    return out
  end

  function filter.Quoted(quoted)
    local marks, out = work.given.quotes[quoted.quotetype], quoted.content
    out:insert(1, pandoc.Str(marks[1]))
    out:insert(pandoc.Str(marks[2]))
    return out
  end

  function filter.Link(link)
    local name = link.target:match("^#(.*)$")
    if name and not found.ids[name] and found.hidden[name] and page.profile ~= "" then
      return work.shared.unlinked(link)
    elseif name and not found.ids[name] then
      local known = pandoc.List()
      for id in pairs(found.ids) do
        known:insert(id)
      end
      work.problem(work.find("(#" .. name), "a link to #" .. name .. ", which is nowhere", "", "", name, known)
    end
  end

  return blocks:walk(filter)
end

return function(work, blocks, meta, page)
  local leave_out, hidden = dofile(work.given.folder .. "/nothing.lua"), {}
  local function note(node)
    hidden[node.identifier] = true
  end
  blocks:walk({ Header = note, Div = note })
  local shown = work.shared.shown(blocks, function(_, value)
    return value == page.target or value == page.profile
  end)
  check_pages(shown, work)
  local left, gone = leave_out(shown, page.target, work.shared.float_kind, function()
    return work.given.words["left-out"]
  end)
  local tree, found = numbered(work.shared.kept(left, page.target), work, page)
  found.hidden = hidden
  for name, words in pairs(gone) do
    found.labels[name], found.ids[name] = words, true
  end
  local format, own, template = page.target == "html" and "html5" or "typst", {}, io.open(page.template)
  for key, value in pairs(meta) do
    own[key] = value
  end
  for key, value in pairs(page.said) do
    own[key] = pandoc.MetaInlines({ pandoc.Str(value) })
  end
  local options = { table_of_contents = page.toc, toc_depth = math.tointeger(page.toc_depth), variables = page.raw,
    html_math_method = "mathml", section_divs = true, wrap_text = "preserve" }
  options.template = pandoc.template.compile(template:read("a"), page.template)
  template:close()
  return pandoc.write(pandoc.Pandoc(lowered(tree, work, page, found), own), format, options)
end
