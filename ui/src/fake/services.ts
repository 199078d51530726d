/** The settings that accounts of some services need, as the engine describes them. */

import type { ServiceInfo, SettingInfo } from "../api";

const setting = (name: string, help: string, more: Partial<SettingInfo> = {}): SettingInfo => ({
  takes: "text",
  required: false,
  default: null,
  ...more,
  name,
  help,
});

const every = setting("every", "How often it is asked.", { default: "60s" });

export const SERVICES: ServiceInfo[] = [
  {
    service: "github",
    title: "GitHub",
    summary: "Builds, pull requests and reviews",
    settings: [
      setting("watch", "Repositories, as OWNER/NAME or OWNER/*.", { takes: "list", required: true }),
      setting("url", "The address of the API, for Enterprise.", { default: "https://api.github.com" }),
      every,
      setting("drafts", "Show drafts, too.", { takes: "bool", default: false }),
    ],
    secrets: [
      { name: "token", help: "A token with repo, read:org and workflow.", required: true },
      { name: "webhook_secret", help: "What webhooks are signed with.", required: false },
    ],
  },
  {
    service: "jenkins",
    title: "Jenkins",
    summary: "Builds of jobs",
    settings: [
      setting("url", "The address of the server.", { required: true }),
      setting("user", "The name that you sign in with.", { required: true }),
      setting("watch", "Jobs, as FOLDER/JOB or FOLDER/*.", { takes: "list" }),
      every,
    ],
    secrets: [{ name: "token", help: "An API token of that user.", required: true }],
  },
  {
    service: "alertmanager",
    title: "Alertmanager",
    summary: "Alerts and silences",
    settings: [
      setting("url", "The address of the server.", { required: true }),
      setting("severity", "The mildest alerts to show.", {
        takes: { choice: ["info", "warning", "high", "critical"] },
        default: "warning",
      }),
      every,
    ],
    secrets: [{ name: "password", help: "For servers behind a sign-in.", required: false }],
  },
  {
    service: "pagerduty",
    title: "PagerDuty",
    summary: "Incidents and who is on call",
    settings: [setting("from", "Your e-mail address there."), every],
    secrets: [{ name: "token", help: "An API key.", required: true }],
  },
  {
    service: "splunkoncall",
    title: "Splunk On-Call",
    summary: "Incidents and who is on call",
    settings: [
      setting("user", "Your user name there."),
      setting("teams", "Only these teams.", { takes: "list" }),
      every,
    ],
    secrets: [
      { name: "api_id", help: "The organisation's API ID.", required: true },
      { name: "api_key", help: "An API key.", required: true },
    ],
  },
  {
    service: "slack",
    title: "Slack",
    summary: "Where people are told",
    settings: [],
    secrets: [{ name: "token", help: "A bot token, xoxb-....", required: true }],
  },
];
