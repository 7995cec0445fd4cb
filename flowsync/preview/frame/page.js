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
      target.src = placeholder('Image, not loaded here', target.src)
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
    element.style.background = `center / cover no-repeat url("${placeholder('Video, not played here', address)}")`
  }
}

// Frames that are off screen get no animation frames, so the size is looked at by a timer.
function extent() {
  let bottom = 0
  for (const element of document.querySelectorAll('body *')) {
    const box = element.getBoundingClientRect()
    if (box.width && box.height) bottom = Math.max(bottom, box.bottom)
  }
  return Math.ceil(bottom + window.scrollY)
}

const isLoaded = () => [...document.images].every((image) => image.complete)

export function watchSize() {
  let last = 0
  let isReady = false
  setInterval(async () => {
    markVideos()
    const height = extent()
    const isSteady = height === last && isLoaded() && document.documentElement.dataset.drawn === 'yes'
    if (height !== last) tell('size', { height })
    document.documentElement.dataset.height = String(height)
    last = height
    if (isSteady && !isReady) {
      isReady = true
      await document.fonts.ready
      document.documentElement.dataset.ready = 'yes'
      tell('ready', { height })
    }
  }, 80)
}

window.addEventListener('error', ({ message }) => tell('error', { message: String(message).slice(0, 500) }))
