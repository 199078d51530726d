//! The windows, which a process of their own shows: it is started when one is first needed, and ended once none is.

mod process;

use std::{
    collections::VecDeque,
    future::Future,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use callboard_window_link::{
    message::{self, Failure, FromWindow, Order, Request, ToWindow, WindowSettings},
    window::{Kind, Shown},
};
use serde::Serialize;
use serde_json::Value;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::Instant,
};

use self::process::{Event, Process};

/// The program that shows the windows. It lies beside this one.
const PROGRAM: &str = "callboard-window";
/// How long the process may take over an order, its start included; then it hangs.
const ORDER_TIME: Duration = Duration::from_secs(15);
/// The pauses before the process is started again after it ended by itself, within [`RECENT`]; after the last of them it is
/// not. Together they are longer than a desktop takes to start its compositor again.
const PAUSES: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(3), Duration::from_secs(8)];
const RECENT: Duration = Duration::from_secs(60);

const INSTALL: &str = "install the package callboard-window";
const AGAIN: &str = "open the window again";
const VERSIONS: &str =
    "quit Callboard and start it again; where that does not help, install both programs in one version";
const REPORT: &str = "open it again; where that does not help, quit Callboard, start callboard-tray in a terminal and see what it prints";

/// Why there are no windows, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub why: String,
    pub remedy: &'static str,
}

type Answering = Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send>>;
type Answer = Box<dyn Fn(Kind, Request) -> Answering + Send>;
type Troubled = Box<dyn Fn(Option<Trouble>, Option<Order>) + Send>;

/// The handle to the windows.
pub(crate) struct Windows {
    inputs: mpsc::UnboundedSender<Input>,
    shared: Arc<Shared>,
}

/// What the handle and the task both have.
struct Shared {
    program: PathBuf,
    /// Whether there is a process: without one, events are for nobody.
    runs: AtomicBool,
    trouble: Mutex<Option<Trouble>>,
}

impl Shared {
    /// Gives whether it was another before.
    fn set_trouble(&self, now: Option<Trouble>) -> bool {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = *trouble != now;
        *trouble = now;
        is_new
    }
}

enum Input {
    Order(Order),
    Settings(WindowSettings),
    Event(&'static str, Value),
    Close(oneshot::Sender<()>),
}

impl Windows {
    /// Starts nothing yet. `pages` is where pages keep what they keep, and `answer` answers their calls. `troubled` gets
    /// why there is no window, with the order that was not carried out, and nothing once there is one again.
    pub(crate) fn start<A: Future<Output = Result<Value, Failure>> + Send + 'static>(
        pages: Option<PathBuf>,
        answer: impl Fn(Kind, Request) -> A + Send + 'static,
        troubled: impl Fn(Option<Trouble>, Option<Order>) + Send + 'static,
    ) -> Self {
        let program = std::env::current_exe()
            .map(|own| own.with_file_name(format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX)));
        Self::start_program(program.unwrap_or_else(|_| PROGRAM.into()), PAUSES, pages, answer, troubled)
    }

    fn start_program<A: Future<Output = Result<Value, Failure>> + Send + 'static>(
        program: PathBuf,
        pauses: [Duration; 3],
        pages: Option<PathBuf>,
        answer: impl Fn(Kind, Request) -> A + Send + 'static,
        troubled: impl Fn(Option<Trouble>, Option<Order>) + Send + 'static,
    ) -> Self {
        let (inputs, received) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared { program, runs: AtomicBool::new(false), trouble: Mutex::default() });
        let task = Task {
            pauses,
            pages,
            answer: Box::new(move |window, request| Box::pin(answer(window, request))),
            troubled: Box::new(troubled),
            shared: Arc::clone(&shared),
            settings: WindowSettings::default(),
            process: None,
            ending: None,
            id: 0,
            pending: VecDeque::new(),
            on_screen: Vec::new(),
            exits: VecDeque::new(),
            lost: Vec::new(),
            restart: None,
        };
        tokio::spawn(task.run(received));
        Self { inputs, shared }
    }

    /// Carries out what a person wants of the windows, in order.
    pub(crate) fn order(&self, order: Order) {
        // The task ends with the program.
        let _ = self.inputs.send(Input::Order(order));
    }

    /// Draws the windows so, and keeps them so long.
    pub(crate) fn set(&self, settings: WindowSettings) {
        let _ = self.inputs.send(Input::Settings(settings));
    }

    /// Sends an event to the pages, where there are any.
    pub(crate) fn emit(&self, name: &'static str, payload: &impl Serialize) {
        if !self.shared.runs.load(Ordering::Relaxed) {
            return;
        }
        match serde_json::to_value(payload) {
            Ok(payload) => drop(self.inputs.send(Input::Event(name, payload))),
            Err(error) => tracing::warn!(%error, name, "an event could not be sent to the windows"),
        }
    }

    /// Why no window can be shown, as far as that is known.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        let trouble = self.shared.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let program = &self.shared.program;
        trouble.or_else(|| (!program.is_file()).then(|| not_there(program)))
    }

    /// Ends the windows.
    pub(crate) async fn close(&self) {
        let (closed, done) = oneshot::channel();
        if self.inputs.send(Input::Close(closed)).is_ok() {
            // The task is gone where nothing answers.
            let _ = done.await;
        }
    }
}

/// An order that has not been carried out yet.
struct Pending {
    id: u64,
    order: Order,
    since: Instant,
}

struct Task {
    pauses: [Duration; 3],
    pages: Option<PathBuf>,
    answer: Answer,
    troubled: Troubled,
    shared: Arc<Shared>,
    settings: WindowSettings,
    process: Option<Process>,
    /// One that is not needed any more, and ends.
    ending: Option<JoinHandle<()>>,
    /// Of the last order that was sent.
    id: u64,
    pending: VecDeque<Pending>,
    /// The windows on the screen, as the process reported last.
    on_screen: Vec<Kind>,
    /// When it ended by itself, lately.
    exits: VecDeque<Instant>,
    /// What a process that ended by itself or hung did not show, or showed: the next one shows it first.
    lost: Vec<Order>,
    /// When the next one is started, though nobody asks for a window.
    restart: Option<Instant>,
}

impl Task {
    async fn run(mut self, mut inputs: mpsc::UnboundedReceiver<Input>) {
        loop {
            let hangs_at = self.pending.front().map(|pending| pending.since + ORDER_TIME);
            tokio::select! {
                // What the process has sent is read before it is found to hang.
                biased;
                event = next_event(self.process.as_mut()) => match event {
                    Event::Message(message) => self.received(message),
                    Event::Exited(how) => self.exited(&how),
                },
                input = inputs.recv() => match input {
                    Some(Input::Order(order)) => self.order(order).await,
                    Some(Input::Settings(settings)) => {
                        if self.settings != settings {
                            self.settings = settings;
                            self.send(&ToWindow::Settings { settings });
                        }
                    }
                    Some(Input::Event(name, payload)) => {
                        self.send(&ToWindow::Event { name: name.to_owned(), payload });
                    }
                    Some(Input::Close(closed)) => {
                        self.close_process();
                        self.until_ended().await;
                        // Nobody may wait for it any more.
                        let _ = closed.send(());
                        return;
                    }
                    None => return,
                },
                () = at(self.restart) => self.show_lost().await,
                () = at(hangs_at) => self.hangs(),
            }
        }
    }

    /// Sends a message, where there is a process: otherwise it learns everything as it begins.
    fn send(&self, message: &ToWindow) {
        if let Some(process) = &self.process {
            process.send(message);
        }
    }

    /// Passes an order on; for any that shows something a process is started.
    async fn order(&mut self, order: Order) {
        if self.process.is_none() {
            if order == Order::Release {
                return;
            }
            // Two would share the pages' storage.
            self.until_ended().await;
            match Process::start(&self.shared.program) {
                Ok(process) => {
                    process.send(&ToWindow::Init { pages: self.pages.clone(), settings: self.settings });
                    self.process = Some(process);
                    self.shared.runs.store(true, Ordering::Relaxed);
                }
                Err(error) => return self.give_up(not_started(&self.shared.program, &error), Some(order)),
            }
            self.restart = None;
            for lost in std::mem::take(&mut self.lost) {
                self.send_order(lost);
            }
        }
        self.send_order(order);
    }

    fn send_order(&mut self, order: Order) {
        self.id += 1;
        self.send(&ToWindow::Order { id: self.id, order: order.clone() });
        self.pending.push_back(Pending { id: self.id, order, since: Instant::now() });
    }

    fn received(&mut self, message: FromWindow) {
        match message {
            FromWindow::Hello { version } if version == message::VERSION => {}
            FromWindow::Hello { version } => {
                let why =
                    format!("{PROGRAM} is of version {version}, and callboard-tray of {}", message::VERSION);
                let order = self.pending.pop_front().map(|pending| pending.order);
                self.close_process();
                self.give_up(Trouble { why, remedy: VERSIONS }, order);
            }
            FromWindow::Done { id, error } => {
                let at = self.pending.iter().position(|pending| pending.id == id);
                let Some(done) = at.and_then(|at| self.pending.remove(at)) else { return };
                match error {
                    Some(why) => self.give_up(Trouble { why, remedy: REPORT }, Some(done.order)),
                    // It shows nothing, and proves nothing.
                    None if done.order == Order::Release => {}
                    None if self.shared.set_trouble(None) => (self.troubled)(None, None),
                    None => {}
                }
            }
            FromWindow::OnScreen { windows } => self.on_screen = windows,
            // It has been sent an order since.
            FromWindow::Unused { id } if id != self.id || !self.pending.is_empty() => {}
            FromWindow::Unused { .. } => {
                tracing::debug!("the unused process of the windows is ended");
                self.close_process();
            }
            FromWindow::Call { id, window, request } => {
                let Some(process) = &self.process else { return };
                let (answering, sender) = ((self.answer)(window, request), process.sender());
                tokio::spawn(async move {
                    sender.send(&ToWindow::Answer { id, answer: answering.await });
                });
            }
        }
    }

    /// Ends the process, which is not needed or not usable.
    fn close_process(&mut self) {
        if let Some(process) = self.process.take() {
            self.ending = Some(tokio::spawn(process.close()));
        }
        self.forget_process();
    }

    /// Waits until a process that ends has ended.
    async fn until_ended(&mut self) {
        if let Some(ending) = self.ending.take() {
            // It only fails where it panicked, which has been logged.
            let _ = ending.await;
        }
    }

    fn forget_process(&mut self) {
        self.process = None;
        self.pending.clear();
        self.on_screen.clear();
        self.shared.runs.store(false, Ordering::Relaxed);
    }

    /// Keeps what the process showed and was to show, for the next one.
    fn keep_lost(&mut self) {
        let pending = self.pending.drain(..).map(|pending| pending.order).collect();
        self.lost = shown_again(&self.on_screen, pending);
    }

    /// The process ended without being asked to.
    fn exited(&mut self, how: &str) {
        tracing::error!(how, "the process of the windows ended");
        self.keep_lost();
        self.forget_process();
        let now = Instant::now();
        self.exits.push_back(now);
        self.exits.retain(|exit| now.duration_since(*exit) < RECENT);
        let count = self.exits.len();
        match self.pauses.get(count - 1) {
            _ if self.lost.is_empty() => {}
            Some(pause) => self.restart = Some(now + *pause),
            None => {
                let why = format!("{PROGRAM} ended {count} times within a minute, the last time with {how}");
                let order = unshown(&self.lost);
                self.give_up(Trouble { why, remedy: REPORT }, order);
            }
        }
    }

    /// The process does not answer: it is ended, and the next one that is asked for shows what it did not.
    fn hangs(&mut self) {
        self.keep_lost();
        if let Some(process) = self.process.take() {
            self.ending = Some(tokio::spawn(process.kill()));
        }
        self.forget_process();
        let why = format!("{PROGRAM} did not answer within {} s, and was ended", ORDER_TIME.as_secs());
        let order = unshown(&self.lost);
        self.give_up(Trouble { why, remedy: AGAIN }, order);
    }

    async fn show_lost(&mut self) {
        self.restart = None;
        // Passing the last one on starts the process, which is sent the others first.
        if let Some(last) = self.lost.pop() {
            self.order(last).await;
        }
    }

    /// There is no window, until a person wants one again.
    fn give_up(&mut self, trouble: Trouble, order: Option<Order>) {
        tracing::error!(why = trouble.why, "no window can be shown");
        self.restart = None;
        self.shared.set_trouble(Some(trouble.clone()));
        (self.troubled)(Some(trouble), order);
    }
}

/// What a new process is to show after one that ended: what was on the screen, and what was still to be.
fn shown_again(on_screen: &[Kind], pending: Vec<Order>) -> Vec<Order> {
    let mut orders: Vec<Order> = Vec::new();
    for kind in Kind::ALL {
        let wanted = |order: &Order| match order {
            Order::Show { window, .. } => *window == kind,
            Order::Press { .. } => kind == Kind::Launcher,
            Order::Release => false,
        };
        // A token is of the moment in which it was given.
        let show = |shown| Order::Show { window: kind, shown, token: None };
        orders.extend(match pending.iter().rev().find(|order| wanted(order)).cloned() {
            Some(Order::Show { shown, .. }) => Some(show(shown)),
            Some(_) => Some(show(Shown::default())),
            None => on_screen.contains(&kind).then(|| show(Shown::default())),
        });
    }
    orders
}

/// The order to report: one with a line that a person wanted to run, where there is one.
fn unshown(orders: &[Order]) -> Option<Order> {
    let has_line = |order: &&Order| matches!(order, Order::Show { shown: Shown { line: Some(_), .. }, .. });
    orders.iter().find(has_line).or(orders.first()).cloned()
}

fn not_there(program: &Path) -> Trouble {
    Trouble { why: format!("{} is not there", program.display()), remedy: INSTALL }
}

fn not_started(program: &Path, error: &io::Error) -> Trouble {
    let why = format!("{} cannot be started: {error}", program.display());
    match error.kind() {
        io::ErrorKind::NotFound => not_there(program),
        io::ErrorKind::PermissionDenied => Trouble { why, remedy: INSTALL },
        _ => Trouble { why, remedy: AGAIN },
    }
}

async fn next_event(process: Option<&mut Process>) -> Event {
    match process {
        Some(process) => process.next_event().await,
        None => std::future::pending().await,
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
