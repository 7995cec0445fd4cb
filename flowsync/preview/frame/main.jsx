// One flow, drawn by the vendor's own components, in a document of its own.
import './storage.js'

import { Component, useEffect } from 'react'
import { createRoot } from 'react-dom/client'
import * as Frigade from '@frigade/react'

import { setup, tell, watchSize } from './page.js'

const COMPONENTS = {
  Announcement: Frigade.Announcement,
  Banner: Frigade.Banner,
  Card: Frigade.Card,
  'Checklist.Carousel': Frigade.Checklist.Carousel,
  'Checklist.Collapsible': Frigade.Checklist.Collapsible,
  'Checklist.Floating': Frigade.Checklist.Floating,
  Form: Frigade.Form,
  'Form.Dialog': FormDialog,
  'Survey.NPS': Frigade.Survey.NPS,
  Tour: Frigade.Tour,
}

function FormDialog(props) {
  return <Frigade.Form as={Frigade.Dialog} {...props} />
}

// React's own words say nothing to people who write flows.
function inWords(error) {
  const message = String(error?.message ?? error).slice(0, 500)
  return message.includes('React error #31') ? 'something that must be a text is a list or an object' : message
}

class Boundary extends Component {
  state = { message: null }

  static getDerivedStateFromError(error) {
    return { message: inWords(error) }
  }

  componentDidCatch(error) {
    tell('error', { message: inWords(error) })
    document.documentElement.dataset.drawn = 'yes'
  }

  render() {
    if (this.state.message === null) return this.props.children
    return (
      <p className="note" role="alert">
        The component failed: {this.state.message}
      </p>
    )
  }
}

// What the app draws itself: the texts of each step.
function Custom({ flow }) {
  return (
    <section className="custom">
      <p className="note">Drawn by your own component. Its texts:</p>
      <ol>
        {[...flow.steps.values()].map((step) => (
          <li key={step.id}>
            <strong>{step.title ?? step.id}</strong>
            {step.subtitle ? <p>{step.subtitle}</p> : null}
          </li>
        ))}
      </ol>
    </section>
  )
}

// The element that a tour points at; only that of the current step, so that no tooltip covers another one.
function Anchor({ flow, step }) {
  const anchor = setup.anchors[step.id]
  const { side = 'bottom', align = 'after' } = { ...flow.props, ...step.props }
  return anchor ? (
    <div className="stage" data-side={String(side)} data-align={String(align)}>
      <div id={anchor.id} className="anchor">
        {anchor.label}
      </div>
    </div>
  ) : null
}

function Drawn() {
  const { flow } = Frigade.useFlow(setup.slug)
  useEffect(() => {
    if (!flow) return
    document.documentElement.dataset.drawn = 'yes'
    const step = flow.getCurrentStep()
    document.documentElement.dataset.step = step?.id ?? ''
    tell('progress', {
      step: step?.id ?? null,
      state: flow.isCompleted ? 'completed' : flow.isSkipped ? 'skipped' : flow.isStarted ? 'started' : 'new',
    })
  })
  if (!flow) return null
  const Chosen = COMPONENTS[setup.component]
  if (!Chosen) return <Custom flow={flow} />
  if (!flow.isVisible) {
    const how = flow.isCompleted ? 'completed' : flow.isSkipped ? 'dismissed' : 'hidden by the criteria of its steps'
    return <p className="note">Nothing is drawn: the flow is {how}.</p>
  }
  return (
    <>
      {setup.component === 'Tour' ? <Anchor flow={flow} step={flow.getCurrentStep()} /> : null}
      <Chosen flowId={setup.slug} />
    </>
  )
}

document.documentElement.classList.toggle('still', setup.still)
createRoot(document.getElementById('root')).render(
  <Boundary>
    <Frigade.Provider
      apiKey="api_public_sandbox"
      apiUrl={setup.apiUrl}
      userId={setup.userId}
      defaultCollection={false}
      preloadImages={false}
      syncOnWindowUpdates={false}
      navigate={(address) => tell('navigate', { address: String(address).slice(0, 500) })}
    >
      <Drawn />
    </Frigade.Provider>
  </Boundary>,
)
watchSize()
