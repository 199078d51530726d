// The GitHub and Slack emulators on ports of the system's choosing: `node emulator.mjs SEED.json SERVERS`, where SERVERS
// is the folder that holds the installed packages. Prints {"github": URL, "slack": URL} as one line when both listen,
// and ends when its input is closed, so that it can't outlive the test that started it.
//
// Two things that the services do and the emulator does not are added here, and nothing else:
// - an unknown token is refused, a known one has its scopes named, and GitHub answers 304 to an ETag (`strict`);
// - GitHub's workflow runs have a runner: /_runner creates workflows and lets runs end (`addRunner`).
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [seedFile, servers] = process.argv.slice(2)
const seed = JSON.parse(readFileSync(seedFile, 'utf8'))
const dist = join(servers, 'node_modules', 'emulate', 'dist')
const { createEmulator } = await load('api.js')
const { getGitHubStore, githubPlugin } = await load(fileExporting('githubPlugin'))
const { getSlackStore, slackPlugin } = await load(fileExporting('slackPlugin'))

extend(githubPlugin, (app, store, webhooks, baseUrl, tokens) => {
  addRunner(app, getGitHubStore(store), webhooks, baseUrl)
  strict(app, (token) => tokens.get(token), () => Response.json({ message: 'Bad credentials' }, { status: 401 }))
})
extend(slackPlugin, (app, store) => {
  const token = (value) => getSlackStore(store).tokens.findOneBy('token', value)
  strict(app, token, () => Response.json({ ok: false, error: 'invalid_auth' }))
})

const [github, slack] = await Promise.all(
  ['github', 'slack'].map((service) => createEmulator({ service, port: 0, seed })),
)
console.log(JSON.stringify({ github: loopback(github.url), slack: loopback(slack.url) }))
process.stdin.on('end', () => process.exit(0)).resume()

// The servers listen on IPv4 only, and `localhost` may be IPv6 first.
function loopback(url) {
  return url.replace('//localhost:', '//127.0.0.1:')
}

function load(file) {
  return import(pathToFileURL(join(dist, file)).href)
}

// The package exports no way to its stores. The files of its services do, under names with a hash in them.
function fileExporting(name) {
  return readdirSync(dist).find(
    (file) => /^dist-.*\.js$/.test(file) && readFileSync(join(dist, file), 'utf8').includes(`  ${name}`),
  )
}

function extend(plugin, extension) {
  const register = plugin.register
  plugin.register = (...parts) => {
    register(...parts)
    extension(...parts)
  }
}

function strict(app, find, refuse) {
  const answer = app.fetch
  app.fetch = async (request) => {
    const token = request.headers.get('authorization')?.replace(/^(Bearer|token) +/i, '')
    const known = token && find(token)
    if (token && !known) return refuse()
    const response = await answer(request)
    const headers = new Headers(response.headers)
    if (known) headers.set('X-OAuth-Scopes', known.scopes.join(', '))
    if (request.method !== 'GET' || response.status !== 200) {
      return new Response(response.body, { status: response.status, headers })
    }
    const body = await response.text()
    // The emulator makes up a new tree for a run's commit each time it is asked.
    const same = body.replaceAll(/"tree_id":"[0-9a-f]*"/g, '')
    const etag = `W/"${createHash('sha256').update(same).digest('hex')}"`
    headers.set('ETag', etag)
    const unchanged = request.headers.get('if-none-match') === etag
    return unchanged ? new Response(null, { status: 304, headers }) : new Response(body, { headers })
  }
}

function addRunner(app, gh, webhooks, baseUrl) {
  const repository = (c) => gh.repos.findOneBy('full_name', `${c.req.param('owner')}/${c.req.param('repo')}`)

  app.post('/_runner/repos/:owner/:repo/workflows', async (c) => {
    const { name, path } = await c.req.json()
    const row = { node_id: '', repo_id: repository(c).id, name, path, state: 'active', badge_url: '' }
    return c.json({ id: gh.workflows.insert(row).id }, 201)
  })

  // Takes any fields of a run: status, conclusion, event, head_branch, head_sha.
  app.patch('/_runner/repos/:owner/:repo/runs/:id', async (c) => {
    const repo = repository(c)
    const id = Number(c.req.param('id'))
    gh.workflowRuns.update(id, await c.req.json())
    const { status, conclusion } = gh.workflowRuns.get(id)
    const completed_at = status === 'completed' ? new Date().toISOString() : null
    for (const job of gh.jobs.findBy('run_id', id)) {
      const steps = job.steps.map((step) => ({ ...step, status, conclusion, completed_at }))
      gh.jobs.update(job.id, { status, conclusion, completed_at, steps })
    }

    const headers = { Authorization: c.req.header('Authorization') ?? '' }
    const get = async (path) => (await app.fetch(new Request(baseUrl + path, { headers }))).json()
    const workflow_run = await get(`/repos/${repo.full_name}/actions/runs/${id}`)
    const workflow = await get(`/repos/${repo.full_name}/actions/workflows/${workflow_run.workflow_id}`)
    const action = status === 'queued' ? 'requested' : status
    const payload = { action, workflow_run, workflow, repository: workflow_run.repository, sender: await get('/user') }
    await webhooks.dispatch('workflow_run', action, payload, c.req.param('owner'), repo.name)
    return c.json(workflow_run)
  })
}
