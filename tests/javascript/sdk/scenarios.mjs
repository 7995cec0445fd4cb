// What an app does with the vendor's SDK, against the sandbox at the address in argv[2]. One line of JSON a scenario.
import assert from 'node:assert/strict'
import { Frigade } from '@frigade/js'

const apiUrl = process.argv[2]
const apiKey = 'api_public_sandbox'
let number = 0

async function client(options = {}) {
  const userId = options.userId ?? `user_${process.pid}_${++number}`
  const frigade = new Frigade(apiKey, { apiUrl, userId, syncOnWindowUpdates: false, ...options })
  await frigade.getFlows()
  return { frigade, userId }
}

const again = (userId, options = {}) => client({ userId, ...options })
const flow = async ({ frigade }, slug) => frigade.getFlow(slug)

const scenarios = {
  async 'flows load with their type, steps and texts'() {
    const loaded = await flow(await client(), 'flow_setup')
    assert.equal(loaded.type, 'CHECKLIST')
    assert.deepEqual([...loaded.steps.keys()], ['profile', 'import', 'invite'])
    assert.equal(loaded.steps.get('profile').title, 'Fill in your profile')
    assert.equal(loaded.isVisible, true)
    assert.equal(loaded.isStarted, false)
  },

  async 'a switched-off flow is not there'() {
    const { frigade } = await client()
    const slugs = (await frigade.getFlows()).map((each) => each.id)
    assert.ok(!slugs.includes('flow_off'))
    assert.ok(slugs.includes('flow_setup'))
  },

  async 'a flow is completed step by step, and stays so'() {
    const opened = await client()
    const setup = await flow(opened, 'flow_setup')
    await setup.steps.get('profile').complete()
    assert.equal(setup.getCurrentStep().id, 'import')
    assert.equal(setup.getNumberOfCompletedSteps(), 1)
    await setup.steps.get('import').complete()
    await setup.steps.get('invite').complete()
    assert.equal(setup.isCompleted, true)
    assert.equal(setup.isVisible, false)
    const later = await flow(await again(opened.userId), 'flow_setup')
    assert.equal(later.isCompleted, true)
    assert.equal(later.steps.get('import').$state.completed, true)
  },

  async 'progress is of one user'() {
    const one = await flow(await client(), 'flow_setup')
    await one.steps.get('profile').complete()
    const other = await flow(await client(), 'flow_setup')
    assert.equal(other.isStarted, false)
    assert.equal(other.getCurrentStep().id, 'profile')
  },

  async 'a skipped flow is gone for good'() {
    const opened = await client()
    await (await flow(opened, 'flow_setup')).skip()
    const later = await flow(await again(opened.userId), 'flow_setup')
    assert.equal(later.isSkipped, true)
    assert.equal(later.isVisible, false)
  },

  async 'a restarted flow forgets everything'() {
    const opened = await client()
    const setup = await flow(opened, 'flow_setup')
    await setup.steps.get('profile').complete()
    await setup.restart()
    const later = await flow(await again(opened.userId), 'flow_setup')
    assert.equal(later.isStarted, false)
    assert.equal(later.getNumberOfCompletedSteps(), 0)
    assert.equal(later.getCurrentStep().id, 'profile')
  },

  async 'a step can be reset, and one can go back'() {
    const opened = await client()
    const setup = await flow(opened, 'flow_setup')
    await setup.steps.get('profile').complete()
    await setup.back()
    assert.equal(setup.getCurrentStep().id, 'profile')
    assert.equal(setup.steps.get('profile').$state.completed, true)
    await setup.steps.get('profile').reset()
    const later = await flow(await again(opened.userId), 'flow_setup')
    assert.equal(later.steps.get('profile').$state.completed, false)
  },

  async 'steps finished in any order complete the flow'() {
    const opened = await client()
    const setup = await flow(opened, 'flow_setup')
    await setup.steps.get('invite').complete()
    assert.equal(setup.getCurrentStep().id, 'profile')
    assert.equal(setup.isCompleted, false)
    await setup.steps.get('import').skip()
    await setup.steps.get('profile').complete()
    assert.equal(setup.isCompleted, true)
    assert.equal((await flow(await again(opened.userId), 'flow_setup')).isCompleted, true)
  },

  async 'moving on without completing survives a reload'() {
    const opened = await client()
    const setup = await flow(opened, 'flow_setup')
    await setup.start()
    assert.equal(setup.steps.get('profile').$state.started, false)
    await setup.forward()
    assert.equal(setup.getCurrentStep().id, 'import')
    const later = await flow(await again(opened.userId), 'flow_setup')
    assert.equal(later.getCurrentStep().id, 'import')
    assert.equal(later.steps.get('profile').$state.completed, false)
    await later.back()
    assert.equal((await flow(await again(opened.userId), 'flow_setup')).getCurrentStep().id, 'profile')
  },

  async 'another user of the same app begins anew, and the first one finds everything again'() {
    const { frigade, userId } = await client()
    await (await frigade.getFlow('flow_setup')).complete()
    await frigade.identify(`${userId}_other`)
    assert.equal((await frigade.getFlow('flow_setup')).isCompleted, false)
    await frigade.identify(userId)
    assert.equal((await frigade.getFlow('flow_setup')).isCompleted, true)
  },

  async 'an app without guests gets flows once its user is known'() {
    const frigade = new Frigade(apiKey, { apiUrl, generateGuestId: false, syncOnWindowUpdates: false })
    assert.deepEqual(await frigade.getFlows(), [])
    await frigade.identify(`late_${process.pid}`)
    assert.ok((await frigade.getFlows()).length > 0)
  },

  async 'a form branches by what was answered'() {
    for (const [answer, next] of [['company', 'size'], ['alone', 'thanks']]) {
      const form = await flow(await client(), 'flow_survey')
      await form.steps.get('who').complete({ kind: answer })
      assert.equal(form.getCurrentStep().id, next, answer)
      assert.equal(form.steps.get('size').$state.visible, answer === 'company')
    }
  },

  async 'a step waits for its start criterion'() {
    const opened = await client()
    const setup = await flow(opened, 'flow_setup')
    assert.equal(setup.steps.get('invite').$state.blocked, true)
    await setup.steps.get('profile').complete()
    const later = await flow(await again(opened.userId), 'flow_setup')
    assert.equal(later.steps.get('invite').$state.blocked, false)
  },

  async 'a completion criterion completes its step'() {
    const opened = await client()
    await opened.frigade.track('data.imported', {})
    const setup = await flow(await again(opened.userId), 'flow_setup')
    assert.equal(setup.steps.get('import').$state.completed, true)
    assert.equal(setup.isStarted, true)
  },

  async 'targeting goes by properties, which come later too'() {
    const opened = await client()
    const pro = await flow(opened, 'flow_pro')
    assert.equal(pro.isVisible, false)
    await opened.frigade.identify(opened.userId, { plan: 'pro' })
    assert.equal((await flow(opened, 'flow_pro')).isVisible, true)
  },

  async 'targeting goes by events and by groups'() {
    const opened = await client()
    assert.equal((await flow(opened, 'flow_group')).isVisible, false)
    await opened.frigade.group('acorn', { seats: 20 })
    assert.equal((await flow(opened, 'flow_group')).isVisible, true, 'group')
    const other = await client()
    await other.frigade.track('report.opened', { number: 1 })
    await other.frigade.track('report.opened', { number: 2 })
    assert.equal((await flow(await again(other.userId), 'flow_events')).isVisible, true, 'events')
  },

  async 'one flow waits for another'() {
    const opened = await client()
    assert.equal((await flow(opened, 'flow_after')).isVisible, false)
    const setup = await flow(opened, 'flow_setup')
    await setup.complete()
    assert.equal((await flow(await again(opened.userId), 'flow_after')).isVisible, true)
  },

  async 'guests are guests, and have progress too'() {
    const frigade = new Frigade(apiKey, { apiUrl, syncOnWindowUpdates: false })
    const guests = await frigade.getFlow('flow_guests')
    assert.equal(guests.isVisible, true)
    await guests.complete()
    assert.equal(guests.isCompleted, true)
    assert.equal((await flow(await client(), 'flow_guests')).isVisible, false)
  },

  async 'variables of the app are filled in by the app'() {
    const setup = await flow(await client(), 'flow_setup')
    setup.applyVariables({ firstName: 'Ada' })
    assert.equal(setup.title, 'Welcome, Ada')
  },

  async 'a broken expression hides its flow, and no other'() {
    const { frigade } = await client()
    assert.equal((await frigade.getFlow('flow_broken')).isVisible, false)
    assert.equal((await frigade.getFlow('flow_setup')).isVisible, true)
  },
}

async function outcome([name, run]) {
  try {
    await run()
    return { name, error: null }
  } catch (failure) {
    return { name, error: String(failure?.message ?? failure) }
  }
}

// Side by side: most of the time is the quarter of a second that a session takes.
for (const done of await Promise.all(Object.entries(scenarios).map(outcome))) {
  process.stdout.write(`${JSON.stringify(done)}\n`)
}
process.exit(0)
