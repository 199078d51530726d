//! The windows, which a process of their own shows: it is started when one is first needed, and ended once none is.

mod process;

use std::{
    collections::VecDeque,
    future::Future,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use callboard_window_link::{
    message::{self, Failure, FromWindow, Look, Order, Request, ToWindow},
    window::{Kind, Shown},
};
use serde::Serialize;
use serde_json::Value;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use self::process::{Heard, Process};

/// The program that shows the windows. It lies beside this one.
const PROGRAM: &str = "callboard-window";
/// How long the process may take over an order, its start included; then it hangs.
const PATIENCE: Duration = Duration::from_secs(15);
/// A process that ends by itself is started again, unless it has done so this often within [`RECENT`].
const ENDS: usize = 3;
const RECENT: Duration = Duration::from_secs(60);

const INSTALL: &str = "install the package callboard-window";
const AGAIN: &str = "open the window again";
const RESTART: &str = "quit Callboard and start it again";
const REPORT: &str = "see what it printed, with `callboard-tray` started in a terminal";

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
    asked: mpsc::UnboundedSender<Asked>,
    shared: Arc<Shared>,
}

/// What the handle and the task both have.
#[derive(Default)]
struct Shared {
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

enum Asked {
    Order(Order),
    Look(Look),
    Event(&'static str, Value),
    Close(oneshot::Sender<()>),
}

impl Windows {
    /// Starts nothing yet. `pages` is where pages keep what they keep, `answer` answers their calls. `troubled` gets
    /// why there is no window, with the order that was not carried out, and nothing once there is one again.
    pub(crate) fn start<A: Future<Output = Result<Value, Failure>> + Send + 'static>(
        pages: Option<PathBuf>,
        answer: impl Fn(Kind, Request) -> A + Send + 'static,
        troubled: impl Fn(Option<Trouble>, Option<Order>) + Send + 'static,
    ) -> Self {
        let program = std::env::current_exe()
            .map(|own| own.with_file_name(format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX)));
        Self::start_program(program.unwrap_or_else(|_| PROGRAM.into()), pages, answer, troubled)
    }

    fn start_program<A: Future<Output = Result<Value, Failure>> + Send + 'static>(
        program: PathBuf,
        pages: Option<PathBuf>,
        answer: impl Fn(Kind, Request) -> A + Send + 'static,
        troubled: impl Fn(Option<Trouble>, Option<Order>) + Send + 'static,
    ) -> Self {
        let (asked, received) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared::default());
        let task = Task {
            program,
            pages,
            answer: Box::new(move |window, request| Box::pin(answer(window, request))),
            troubled: Box::new(troubled),
            shared: Arc::clone(&shared),
            look: Look::default(),
            process: None,
            number: 0,
            open: VecDeque::new(),
            on_screen: Vec::new(),
            ends: VecDeque::new(),
        };
        tokio::spawn(task.run(received));
        Self { asked, shared }
    }

    /// Carries out what a person wants of the windows, in order.
    pub(crate) fn order(&self, order: Order) {
        // The task ends with the program.
        let _ = self.asked.send(Asked::Order(order));
    }

    /// Draws the windows so, and keeps them so long.
    pub(crate) fn set_look(&self, look: Look) {
        let _ = self.asked.send(Asked::Look(look));
    }

    /// Sends an event to the pages, where there are any.
    pub(crate) fn emit(&self, name: &'static str, payload: &impl Serialize) {
        if !self.shared.runs.load(Ordering::Relaxed) {
            return;
        }
        match serde_json::to_value(payload) {
            Ok(payload) => drop(self.asked.send(Asked::Event(name, payload))),
            Err(error) => tracing::warn!(%error, name, "an event could not be sent to the windows"),
        }
    }

    /// Why the last window that was wanted is not there.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.shared.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the windows.
    pub(crate) async fn close(&self) {
        let (closed, done) = oneshot::channel();
        if self.asked.send(Asked::Close(closed)).is_ok() {
            // The task is gone where nothing answers.
            let _ = done.await;
        }
    }
}

/// An order that has not been carried out yet.
struct Open {
    number: u64,
    order: Order,
    since: Instant,
}

struct Task {
    program: PathBuf,
    pages: Option<PathBuf>,
    answer: Answer,
    troubled: Troubled,
    shared: Arc<Shared>,
    look: Look,
    process: Option<Process>,
    /// Of the last order that was sent.
    number: u64,
    open: VecDeque<Open>,
    /// The windows on the screen, as the process said last.
    on_screen: Vec<Kind>,
    /// When it ended by itself, lately.
    ends: VecDeque<Instant>,
}

impl Task {
    async fn run(mut self, mut asked: mpsc::UnboundedReceiver<Asked>) {
        loop {
            let hangs_at = self.open.front().map(|open| open.since + PATIENCE);
            tokio::select! {
                asked = asked.recv() => match asked {
                    Some(Asked::Order(order)) => self.order(order),
                    Some(Asked::Look(look)) => {
                        if self.look != look {
                            self.look = look;
                            self.send(&ToWindow::Look { look });
                        }
                    }
                    Some(Asked::Event(name, payload)) => {
                        self.send(&ToWindow::Event { name: name.to_owned(), payload });
                    }
                    Some(Asked::Close(closed)) => {
                        self.end().await;
                        // Nobody may wait for it any more.
                        let _ = closed.send(());
                        return;
                    }
                    None => return,
                },
                heard = hear(self.process.as_mut()) => match heard {
                    Heard::Message(message) => self.received(message).await,
                    Heard::Ended(how) => self.ended(&how),
                },
                () = at(hangs_at) => {
                    let order = self.open.pop_front().map(|open| open.order);
                    self.kill().await;
                    let why = format!("{PROGRAM} did not answer within {} s, and was ended", PATIENCE.as_secs());
                    self.give_up(Trouble { why, remedy: AGAIN }, order);
                }
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
    fn order(&mut self, order: Order) {
        if self.process.is_none() {
            if order == Order::Release {
                return;
            }
            match Process::start(&self.program) {
                Ok(process) => {
                    process.send(&ToWindow::Begin { pages: self.pages.clone(), look: self.look });
                    self.process = Some(process);
                    self.shared.runs.store(true, Ordering::Relaxed);
                }
                Err(error) => {
                    let trouble = not_started(&self.program, &error);
                    return self.give_up(trouble, Some(order));
                }
            }
        }
        self.number += 1;
        self.send(&ToWindow::Order { number: self.number, order: order.clone() });
        self.open.push_back(Open { number: self.number, order, since: Instant::now() });
    }

    async fn received(&mut self, message: FromWindow) {
        match message {
            FromWindow::Begun { version } if version == message::VERSION => {}
            FromWindow::Begun { version } => {
                let why =
                    format!("{PROGRAM} is of version {version}, and this program of {}", message::VERSION);
                let order = self.open.pop_front().map(|open| open.order);
                self.kill().await;
                self.give_up(Trouble { why, remedy: RESTART }, order);
            }
            FromWindow::Done { number, error } => {
                while self.open.front().is_some_and(|open| open.number <= number) {
                    self.open.pop_front();
                }
                let trouble = error.map(|why| Trouble { why, remedy: REPORT });
                match trouble {
                    Some(trouble) => self.give_up(trouble, None),
                    None if self.shared.set_trouble(None) => (self.troubled)(None, None),
                    None => {}
                }
            }
            FromWindow::OnScreen { windows } => self.on_screen = windows,
            FromWindow::Unused { number } if number == self.number => {
                tracing::debug!("the unused process of the windows is ended");
                self.end().await;
            }
            // It has been sent an order since.
            FromWindow::Unused { .. } => {}
            FromWindow::Call { number, window, request } => {
                let Some(process) = &self.process else { return };
                let (answering, to) = ((self.answer)(window, request), process.sender());
                tokio::spawn(async move {
                    to.send(&ToWindow::Answer { number, answer: answering.await });
                });
            }
        }
    }

    /// Ends a process that is not needed.
    async fn end(&mut self) {
        if let Some(process) = self.process.take() {
            process.end().await;
        }
        self.forget();
    }

    async fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().await;
        }
        self.forget();
    }

    fn forget(&mut self) {
        self.open.clear();
        self.on_screen.clear();
        self.shared.runs.store(false, Ordering::Relaxed);
    }

    /// The process ended without being asked to: what it showed and was to show is shown by another one.
    fn ended(&mut self, how: &str) {
        tracing::error!(how, "the process of the windows ended");
        self.process = None;
        let now = Instant::now();
        self.ends.push_back(now);
        self.ends.retain(|end| now.duration_since(*end) < RECENT);
        let open: Vec<Order> = self.open.drain(..).map(|open| open.order).collect();
        let orders = shown_again(&self.on_screen, open);
        self.forget();
        if self.ends.len() >= ENDS {
            let why = format!(
                "{PROGRAM} ended {} times within a minute, the last time because {how}",
                self.ends.len()
            );
            return self.give_up(Trouble { why, remedy: REPORT }, orders.into_iter().next());
        }
        for order in orders {
            self.order(order);
        }
    }

    /// There is no window, until a person wants one again.
    fn give_up(&mut self, trouble: Trouble, order: Option<Order>) {
        tracing::error!(why = trouble.why, "no window can be shown");
        self.shared.set_trouble(Some(trouble.clone()));
        (self.troubled)(Some(trouble), order);
    }
}

/// What a new process is to show after one that ended: what was on the screen, and what was still to be.
fn shown_again(on_screen: &[Kind], open: Vec<Order>) -> Vec<Order> {
    let mut orders: Vec<Order> = Vec::new();
    for kind in Kind::ALL {
        let wanted = |order: &Order| match order {
            Order::Show { window, .. } => *window == kind,
            Order::Press { .. } => kind == Kind::Launcher,
            Order::Release => false,
        };
        let wanted_last = open.iter().rev().find(|order| wanted(order)).cloned();
        // Without a token: it is of the moment in which it was given.
        orders.extend(match wanted_last {
            Some(Order::Show { window, shown, .. }) => Some(Order::Show { window, shown, token: None }),
            Some(_) => Some(Order::Show { window: kind, shown: Shown::default(), token: None }),
            None => on_screen.contains(&kind).then(|| Order::Show {
                window: kind,
                shown: Shown::default(),
                token: None,
            }),
        });
    }
    orders
}

fn not_started(program: &Path, error: &std::io::Error) -> Trouble {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            Trouble { why: format!("{} is not there", program.display()), remedy: INSTALL }
        }
        _ => Trouble { why: format!("{} cannot be started: {error}", program.display()), remedy: INSTALL },
    }
}

async fn hear(process: Option<&mut Process>) -> Heard {
    match process {
        Some(process) => process.hear().await,
        None => std::future::pending().await,
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

#[cfg(all(test, unix))]
mod tests;
