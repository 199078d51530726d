/** An approval as a page: what exactly a yes is for, and the yes. Nothing is sent that is not shown. */

import type { Approval, ItemAction, ItemDetail, Run } from "../api";
import { decisionText, endText, isUnsent } from "./approval-facts";
import { CommandForm } from "./command-form.svelte";
import { type AppContext, errorText } from "./context.svelte";
import type { Act } from "./keys";
import { isElsewhere } from "./questions";
import { RunStream } from "./run-stream.svelte";
import type { View, Window } from "./view";

export class ApprovalPage implements View {
  readonly at = "approval";
  /** The yes, prepared, with what will be sent; null while that is not known, or where no yes can be given here. */
  form = $state.raw<CommandForm | null>(null);
  /** Why it cannot be prepared. */
  failure = $state<string | null>(null);
  /** The answer that was given here. */
  stream = $state.raw<RunStream | null>(null);
  private approval = $state.raw<Approval | null>(null);
  private isSending = false;
  private isPrivate = false;

  readonly run: Run | null = $derived(this.stream?.run ?? null);
  /** True while an answer can be given. */
  readonly isOpen: boolean = $derived(this.approval?.state === "waiting" && isUnsent(this.run));
  /** What can only be answered on the service's page. */
  readonly elsewhere = $derived((this.approval?.questions ?? []).filter(isElsewhere));

  /** The commands by which it is answered. */
  private commands: string[] = [];
  /** What the plan was made for. */
  private about = "";
  private requests = 0;
  /** The answers that were announced. */
  private announced: string[] | null = null;

  constructor(
    private readonly context: AppContext,
    readonly key: string,
  ) {}

  /** Call with the item as it is read, again after each change. */
  take({ item, actions }: ItemDetail): void {
    if (item.detail.kind !== "approval") return;
    this.approval = item.detail;
    this.announceAnswers(item.detail);
    const answers = actions.filter(({ role }) => role === "approve" || role === "deny");
    this.commands = answers.map(({ command }) => command);
    const yes = answers.find(({ role }) => role === "approve");
    const about = JSON.stringify([item, yes?.line]);
    if (about === this.about) return;
    this.about = about;
    void this.prepare(yes);
  }

  /** Makes the plan anew: it names the request as it is. */
  private async prepare(yes: ItemAction | undefined): Promise<void> {
    const request = ++this.requests;
    const { context } = this;
    // A choice of the person: it outlives the plan that it was made for.
    this.isPrivate = this.form?.privately ?? this.isPrivate;
    this.form?.end();
    this.form = null;
    this.failure = null;
    if (!yes || this.approval?.state !== "waiting" || this.elsewhere.length > 0) return;
    try {
      const { command, values } = await context.backend.call("read_line", { line: yes.line });
      if (request !== this.requests || !command) return;
      this.form = new CommandForm(context, command, values, null, true, this.approval.questions);
      if (this.isPrivate) this.form.makePrivate();
    } catch (thrown) {
      if (request === this.requests) this.failure = errorText(thrown);
    }
  }

  /** Says once what others have answered since it was opened, and how it ended. */
  private announceAnswers(approval: Approval): void {
    const answers = (approval.answers ?? []).map((answer) => `${answer.by.name} ${decisionText(answer)}`);
    const answered = [...answers, endText(approval)].filter((text) => text !== "");
    const news = answered.filter((text) => this.announced && !this.announced.includes(text));
    this.announced = answered;
    if (news.length > 0) this.context.announce(news.join(". "));
  }

  /** Says yes to what is shown. What is asked along with it, or to be confirmed, is asked in its form. */
  async approve(window: Window): Promise<void> {
    const { form } = this;
    if (!form || !this.isOpen || this.isSending) return;
    if (form.fields.length > 0) return void window.push(form);
    this.isSending = true;
    const run = await form.enter();
    this.isSending = false;
    // Left meanwhile, it is followed all the same; it goes where it leads.
    if (run) await window.follow(run);
    else if ((form.confirming || form.missing) && window.top === this) window.push(form);
  }

  takes(run: Run): boolean {
    if (run.item !== this.key || !this.commands.includes(run.command)) return false;
    this.stream?.end();
    this.stream = new RunStream(this.context, run);
    return true;
  }

  act(act: Act, window: Window): boolean {
    switch (act) {
      case "approve":
        void this.approve(window);
        return true;
      // Enter alone never answers.
      case "go":
      case "second":
        return true;
      case "resolve":
        return !this.isOpen;
      case "privately":
        this.form?.makePrivate();
        return true;
      case "stop":
      case "post-now":
        return this.stream?.act(act, window) ?? false;
    }
    return false;
  }

  changed(): void {
    void this.stream?.changed();
  }

  end(): void {
    this.requests += 1;
    this.form?.end();
    this.stream?.end();
  }
}
