// The page around the frames. Whatever comes from a flow is inserted as text, never parsed as HTML.

const MOST_HEIGHT = 4000
// Found before any flow is drawn: a flow's slug may equal one of these ids.
const own = new Map([...document.querySelectorAll('[id]')].map((element) => [element.id, element]))
const byId = (id) => own.get(id)
const chosen = new URLSearchParams(location.search)
let state = null
let user = Number(chosen.get('user') ?? 0)
const cards = new Map()
// The card that the address names, and where it is. It stays there while frames above it grow, until somebody scrolls.
let target = null
let targetTop = 0

function make(tag, { text, attributes = {}, ...rest } = {}, ...children) {
  const element = document.createElement(tag)
  if (text !== undefined) element.textContent = text
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  Object.assign(element, rest)
  element.append(...children)
  return element
}

// A frame may send anything.
const cut = (text) => String(text).slice(0, 500)

class SideView {
  constructor(slug, name) {
    this.key = `${slug}/${name}`
    this.name = name
    this.slug = slug
    this.address = ''
    this.root = make('section', { className: 'side' })
  }

  show(side, title) {
    if (side === null) {
      this.root.replaceChildren(...(title ? [make('h3', { text: title })] : []))
      this.address = ''
      return
    }
    if (side.trouble !== null) {
      this.address = ''
      this.root.replaceChildren(make('h3', { text: title }), make('p', { className: 'trouble', text: side.trouble }))
      return
    }
    if (side.frame === this.address) return
    this.address = side.frame
    this.least = side.height
    this.isOverlay = side.overlay
    this.went = make('p', { className: 'went', attributes: { role: 'status' } })
    this.frame = make('iframe', {
      title: `${this.slug}, ${this.name}`,
      loading: 'lazy',
      attributes: { sandbox: 'allow-scripts', src: side.frame, height: String(side.height) },
    })
    this.root.replaceChildren(make('h3', { text: title }), this.frame, this.went)
  }

  restart() {
    if (!this.address) return
    const side = { frame: `${this.address}&${Date.now()}`, height: this.least, overlay: this.isOverlay, trouble: null }
    const title = this.root.querySelector('h3').textContent
    const address = this.address
    this.show(side, title)
    this.address = address
  }

  receive(message) {
    if (message.flowsync === 'size' || message.flowsync === 'ready') {
      // An overlay is as high as its frame, which must not make the frame grow.
      const margin = this.isOverlay ? 0 : 16
      const height = Math.min(MOST_HEIGHT, Math.max(this.least, Number(message.height) || 0) + margin)
      const isKept = target !== null && Math.abs(target.getBoundingClientRect().top - targetTop) < 2
      this.frame.setAttribute('height', String(height))
      scrollTo(isKept ? target : null)
    } else if (message.flowsync === 'navigate') {
      this.went.textContent = `→ ${cut(message.address)}`
    } else if (message.flowsync === 'error') {
      this.went.textContent = `The component failed: ${cut(message.message)}`
    } else if (message.flowsync === 'leave' && document.activeElement === this.frame) {
      leave(this.frame, message.isBack === true)
    } else if (message.flowsync === 'progress') {
      this.frame.dataset.state = String(message.state)
    }
  }
}

// Moves the focus out of a frame whose dialog keeps it.
function leave(frame, isBack) {
  const all = [...document.querySelectorAll('article :is(a, button, summary, iframe)')]
  const reached = all.filter((element) => element.checkVisibility())
  reached[reached.indexOf(frame) + (isBack ? -1 : 1)]?.focus()
}

class Card {
  constructor(slug) {
    this.before = new SideView(slug, 'before')
    this.after = new SideView(slug, 'after')
    this.head = make('div', { className: 'head' })
    this.why = make('details')
    this.notes = make('ul', { className: 'notes' })
    this.sides = make('div', { className: 'sides' })
    this.root = make('article', { id: slug, attributes: { 'aria-label': slug } }, this.head, this.why, this.notes, this.sides)
    this.again = make('button', { type: 'button', text: 'Start over' })
    this.again.addEventListener('click', () => {
      this.before.restart()
      this.after.restart()
    })
  }

  show(flow, base) {
    this.flow = flow
    const link = make('a', { text: flow.name, attributes: { href: `#${encodeURIComponent(flow.slug)}` } })
    const tags = flow.difference === 'same' ? [] : [make('span', { className: 'tag', text: flow.difference })]
    this.head.replaceChildren(
      make('h2', {}, link),
      make('span', { className: 'file', text: `${flow.type} · ${flow.file}` }),
      ...tags,
      make('span', { className: `tag ${flow.sees ? 'sees' : flow.hidden ? 'hidden' : ''}`, text: flow.verdict }),
      this.again,
    )
    this.why.hidden = flow.reasons.length === 0
    const isOpen = this.why.open
    this.why.replaceChildren(make('summary', { text: 'Why' }), make('pre', { text: flow.reasons.join('\n') }))
    this.why.open = isOpen
    const notes = [...new Set([...(flow.after?.notes ?? []), ...(flow.before?.notes ?? [])])]
    this.notes.replaceChildren(...notes.map((text) => make('li', { text })))
    this.notes.hidden = notes.length === 0
    const hasBefore = flow.before !== null || flow.difference === 'new'
    const isGone = flow.difference === 'deleted'
    const sides = hasBefore ? [this.before, this.after] : [this.after]
    this.before.show(flow.before, flow.before ? `Before (${base})` : `Before (${base}): did not exist`)
    this.after.show(flow.after, isGone ? 'After: the file is deleted' : hasBefore ? 'After' : 'As the file says')
    if (sides.length !== this.sides.children.length) this.sides.replaceChildren(...sides.map((side) => side.root))
  }
}

function isWanted(flow) {
  const text = byId('filter').value.trim().toLowerCase()
  const isFound = `${flow.slug} ${flow.name} ${flow.type}`.toLowerCase().includes(text)
  return isFound && (!byId('changed').checked || flow.difference !== 'same')
}

function filter() {
  const found = state.flows.filter(isWanted)
  for (const flow of state.flows) cards.get(flow.slug).root.hidden = !found.includes(flow)
  byId('count').textContent = found.length === state.flows.length ? `${found.length}` : `${found.length} of ${state.flows.length}`
  byId('nothing').hidden = found.length > 0
}

function draw() {
  const main = byId('flows')
  const select = byId('user')
  select.replaceChildren(...state.users.map((name, index) => make('option', { text: name, value: String(index) })))
  select.value = String(state.user)
  byId('changed').disabled = state.base === ''
  for (const [slug, card] of cards) {
    if (state.flows.every((flow) => flow.slug !== slug)) {
      card.root.remove()
      cards.delete(slug)
    }
  }
  let previous = null
  for (const flow of state.flows) {
    if (!cards.has(flow.slug)) cards.set(flow.slug, new Card(flow.slug))
    const card = cards.get(flow.slug)
    card.show(flow, state.base)
    const place = previous ? previous.nextElementSibling : main.firstElementChild
    if (place !== card.root) main.insertBefore(card.root, place)
    previous = card.root
  }
  filter()
}

async function load() {
  const answer = await fetch(`state?user=${user}`)
  if (!answer.ok) throw new Error(answer.statusText)
  const isFirst = state === null
  state = await answer.json()
  user = state.user
  draw()
  if (isFirst) goToHash()
}

function scrollTo(card) {
  target = card
  card?.scrollIntoView()
  targetTop = card?.getBoundingClientRect().top ?? 0
}

const goToHash = () => scrollTo(cards.get(slugOf(location.hash))?.root ?? null)

function slugOf(hash) {
  try {
    return decodeURIComponent(hash.slice(1))
  } catch {
    return ''
  }
}

function showStatus(text, isLost = false) {
  const status = byId('status')
  status.textContent = text
  status.classList.toggle('lost', isLost)
}

async function follow() {
  for (;;) {
    try {
      const answer = await fetch(`wait?revision=${state.revision}`)
      if (!answer.ok) throw new Error(answer.statusText)
      if ((await answer.json()) !== state.revision) {
        await load()
        showStatus(`Reloaded at ${new Date().toLocaleTimeString()}`)
      } else showStatus('')
    } catch {
      showStatus('The preview has ended: start it again.', true)
      await new Promise((resolve) => setTimeout(resolve, 2000))
    }
  }
}

async function chooseUser(index) {
  user = index
  chosen.set('user', String(index))
  history.replaceState(null, '', `?${chosen}${location.hash}`)
  await load()
}

window.addEventListener('message', ({ source, data }) => {
  for (const card of cards.values()) {
    for (const side of [card.before, card.after]) {
      if (side.frame && source === side.frame.contentWindow && data?.flowsync) side.receive(data)
    }
  }
})

byId('user').addEventListener('change', ({ target }) => chooseUser(Number(target.value)))
byId('filter').addEventListener('input', filter)
byId('changed').addEventListener('change', filter)
byId('describe').addEventListener('click', () => byId('user-dialog').showModal())
byId('user-take').addEventListener('click', async () => {
  const answer = await fetch('users', { method: 'POST', body: byId('user-text').value })
  if (answer.ok) {
    byId('user-dialog').close()
    await chooseUser(0)
  } else byId('user-error').textContent = (await answer.json()).message
})
document.addEventListener('keydown', (event) => {
  const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? '')
  if (event.key === '/' && !isTyping) {
    event.preventDefault()
    byId('filter').focus()
  } else if (event.key === 'Escape' && document.activeElement === byId('filter')) {
    byId('filter').value = ''
    filter()
    byId('filter').blur()
  } else if ((event.key === 'j' || event.key === 'k') && !isTyping) step(event.key === 'j' ? 1 : -1)
})

// Scrolls to the next or previous card.
function step(direction) {
  const seen = [...cards.values()].map((card) => card.root).filter((root) => !root.hidden)
  const header = document.querySelector('header').offsetHeight + 40
  const current = seen.findLastIndex((root) => root.getBoundingClientRect().top <= header)
  seen[Math.min(Math.max(current + direction, 0), seen.length - 1)]?.scrollIntoView()
}

window.addEventListener('hashchange', goToHash)
byId('changed').checked = chosen.get('changed') === '1'
await load()
follow()
