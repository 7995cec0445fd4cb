// What the frame tells the page around it, and what it learns from its own document.

export const setup = JSON.parse(document.getElementById('setup').textContent)

export function tell(type, detail = {}) {
  window.parent.postMessage({ flowsync: type, frame: setup.frame, ...detail }, '*')
}

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text) => text.replace(/[&<>"]/g, (character) => ESCAPES[character])

function placeholder(kind, address) {
  const shown = address.length > 60 ? `${address.slice(0, 57)}…` : address
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="280" viewBox="0 0 640 280">
<rect width="640" height="280" fill="#e9edf2"/><path d="M250 170l50-60 35 40 25-25 40 45z" fill="#c3ccd6"/>
<text x="320" y="215" font-family="sans-serif" font-size="16" text-anchor="middle" fill="#51606f">${kind}</text>
<text x="320" y="240" font-family="sans-serif" font-size="14" text-anchor="middle" fill="#51606f">${escaped(shown)}</text></svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg)}`
}

// An image that does not load becomes a picture of its address; a video cannot load here at all.
document.addEventListener(
  'error',
  ({ target }) => {
    if (target instanceof HTMLImageElement && !target.src.startsWith('data:')) {
      target.style.maxWidth = '100%'
      target.src = placeholder('Image, not loaded here', target.getAttribute('src'))
    }
  },
  true,
)

function markVideos() {
  if (setup.remoteMedia) return
  for (const element of document.querySelectorAll('iframe[src], video')) {
    if (element.dataset.marked) continue
    const address = element.getAttribute('src') ?? element.querySelector('source')?.src ?? ''
    element.dataset.marked = 'yes'
    const picture = placeholder('Video, not played here', address)
    element.style.background = `center / cover no-repeat url("${picture}")`
    element.removeAttribute('src')
    if (element instanceof HTMLVideoElement) {
      element.removeAttribute('controls')
      element.poster = picture
    }
  }
}

// How far down what is drawn goes, and a text that differs while anything still moves.
function extent() {
  let [bottom, left, right] = [0, 0, 0]
  for (const element of document.querySelectorAll('body *')) {
    const box = element.getBoundingClientRect()
    if (!box.width || !box.height) continue
    bottom = Math.max(bottom, box.bottom)
    left += box.left
    right += box.right
  }
  return { height: Math.ceil(bottom + window.scrollY), place: [bottom, left, right].join() }
}

const isLoaded = () => [...document.images].every((image) => image.complete)

// What opens above the rest does so later, and never where a tour finds no anchor.
const OPENED = { Tour: '.fr-hint', 'Checklist.Floating': '.fr-popover-content' }
const patience = Date.now() + 5000
function isOpen() {
  const isExpected = setup.component === 'Tour' ? setup.anchors[document.documentElement.dataset.step]?.found : setup.still
  const opened = OPENED[setup.component]
  if (!opened || !isExpected || Date.now() > patience) return true
  return document.querySelector(`${opened}[data-status="open"]`) !== null
}

// A picture of a floating checklist shows what a click opens.
let hasClicked = false
function open() {
  const trigger = document.querySelector('.fr-floating-checklist .fr-popover-trigger')
  if (!setup.still || hasClicked || trigger === null) return
  hasClicked = true
  trigger.click()
}

const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))

// Frames that are off screen get no animation frames, so the size is looked at by a timer. A picture waits for
// `ready`, and takes it back after it has changed the size of the window.
export async function watchSize() {
  const { dataset } = document.documentElement
  let last = { height: 0, place: '' }
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 80))
    markVideos()
    open()
    if (setup.still) await frame()
    const found = extent()
    const isSteady = found.place === last.place && isLoaded() && dataset.drawn === 'yes' && isOpen()
    if (found.height !== last.height) tell('size', { height: found.height })
    dataset.height = String(found.height)
    last = found
    if (isSteady && dataset.ready !== 'yes') {
      await document.fonts.ready
      dataset.ready = 'yes'
      tell('ready', { height: found.height })
    }
  }
}

// A dialog keeps the focus, as in an app. Here it would keep it from the rest of the page: its ends lead out.
const REACHED = 'a[href], button:not([disabled]), input, select, textarea, [tabindex="0"]'
window.addEventListener(
  'keydown',
  (event) => {
    const dialog = event.key === 'Tab' ? document.activeElement?.closest('[role="dialog"]') : null
    if (!dialog) return
    const reached = [...dialog.querySelectorAll(REACHED)]
    const end = event.shiftKey ? reached[0] : reached.at(-1)
    if (document.activeElement !== end) return
    event.preventDefault()
    event.stopImmediatePropagation()
    tell('leave', { isBack: event.shiftKey })
  },
  true,
)

window.addEventListener('error', ({ message }) => tell('error', { message: String(message).slice(0, 500) }))
