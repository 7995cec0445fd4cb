// A sandboxed frame has no storage, and the SDK throws without one. This has to run before the SDK is loaded.
const kept = new Map()
const storage = {
  getItem: (name) => kept.get(String(name)) ?? null,
  setItem: (name, value) => void kept.set(String(name), String(value)),
  removeItem: (name) => void kept.delete(String(name)),
  clear: () => kept.clear(),
  key: (index) => [...kept.keys()][index] ?? null,
  get length() {
    return kept.size
  },
}
for (const name of ['localStorage', 'sessionStorage']) {
  Object.defineProperty(window, name, { value: storage, configurable: true })
}
