/** The settings of a made-up team. Changes persist, as with an engine, but in memory only. */

import type { AccountInfo, Identity, JsonValue, Settings } from "../api";
import type { Desktop } from "../desktop";
import { type Answers, FakeBackend, failure } from "./backend";
import {
  ACCOUNTS,
  ACTIVITY,
  CHANNELS,
  CHECKS,
  COMMANDS,
  EVENTS,
  REPLAY,
  RULES,
  SETTINGS,
  explanation,
} from "./settings-data";
import { SERVICES } from "./services";

interface Known {
  accounts: AccountInfo[];
  settings: Settings;
  quiet: string | null;
}

const IDENTITY: Identity = { login: "kim", teams: ["team/web"], server: null, missing_scopes: [] };

export function settingsAnswers(): Answers {
  const known: Known = {
    accounts: structuredClone(ACCOUNTS),
    settings: structuredClone(SETTINGS),
    quiet: null,
  };
  const account = (name: string) => {
    const found = known.accounts.find((account) => account.name === name);
    if (!found) throw failure(`there is no account \`${name}\``);
    return found;
  };
  return {
    accounts: () => structuredClone(known.accounts),
    services: SERVICES,
    settings: () => structuredClone(known.settings),
    configure: ({ path, value }) => {
      set(known.settings.settings, path, value);
      return structuredClone(known.settings);
    },
    add_account: ({ name, service, settings, secrets }) => {
      const added: AccountInfo = {
        name,
        service,
        settings,
        health: { state: "new" },
        identity: null,
        rate_limit: null,
        reading: null,
        last_ok: null,
        problems: [],
        secrets: "keychain",
        watched: true,
        secrets_set: Object.keys(secrets),
      };
      known.accounts.push(added);
      return structuredClone(added);
    },
    edit_account: ({ account: name, settings }) => {
      const found = account(name);
      const entries = Object.entries({ ...found.settings, ...settings });
      found.settings = Object.fromEntries(entries.filter(([, value]) => value !== null));
      return structuredClone(found);
    },
    set_secret: ({ account: name, field }) => {
      const found = account(name);
      found.secrets_set = [...new Set([...found.secrets_set, field])];
      return structuredClone(found);
    },
    remove_account: ({ account: name }) => {
      known.accounts = known.accounts.filter((account) => account.name !== name);
      return null;
    },
    test_account: ({ account: name }) => {
      const found = account(name);
      if (found.health.state === "trouble") {
        throw failure(`${name}: the password was refused`, {
          kind: "service",
          account: name,
          error: found.health.error,
        });
      }
      found.identity ??= IDENTITY;
      found.health = { state: "ok" };
      return structuredClone(found.identity);
    },
    channels: ({ live }) => (live ? CHANNELS : CHANNELS.slice(0, 3)),
    post: ({ channel, text }) => ({
      id: "d1",
      address: channel,
      message: { tone: "neutral", title: text, link: null, blocks: [] },
      run: null,
      state: { state: "posted" },
      attempts: 1,
      created_at: new Date().toISOString(),
      link: null,
    }),
    rules: RULES,
    rules_explain: ({ event }) => explanation(event),
    rules_replay: REPLAY,
    events: { events: EVENTS, unreadable: [] },
    commands: COMMANDS,
    status: () => ({
      icon: "calm",
      not_seen: [],
      count: 0,
      summary: "Nothing needs you",
      accounts_ok: known.accounts.length,
      accounts: known.accounts.length,
      watched: known.accounts.filter((account) => account.watched).length,
      troubles: [],
      next_check: null,
      quiet: known.quiet === null ? null : { until: known.quiet, asked: true },
      errors: [],
      runs: 0,
      undelivered: 0,
    }),
    quiet: ({ until }) => (known.quiet = until),
    activity: ACTIVITY,
    doctor: CHECKS,
    reload: null,
  };
}

/** The team's settings, with overrides. */
export function settingsFake(answers: Answers = {}, desktop: Partial<Desktop> = {}): FakeBackend {
  return new FakeBackend({ ...settingsAnswers(), ...answers }, desktop);
}

function set(settings: JsonValue, path: string[], value: JsonValue | null) {
  const [step, ...rest] = path;
  if (step === undefined || typeof settings !== "object" || settings === null || Array.isArray(settings))
    return;
  if (rest.length > 0) {
    settings[step] ??= {};
    set(settings[step], rest, value);
  } else if (value === null) Reflect.deleteProperty(settings, step);
  else settings[step] = value;
}
