//! The app: what it is made of, and what it does for requests from outside the windows.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use callboard_domain::{actor::LocalVia, command::quote, item::ItemKey, rules::Notification};
use callboard_engine::api::{
    AccountsQuery, ApiError, Check, CheckVerdict, Configure, ItemAction, ItemQuery, Quiet,
};
use callboard_engine::{config, host::Host, paths::Paths, tray_app::AppCommand};
use callboard_window_link::{
    message::{Failure, Order, Request},
    window::{Kind, Shown},
};
use jiff::Zoned;
use serde::Serialize;
use serde_json::Value;
use tokio::{
    runtime::Handle,
    sync::{Notify, watch},
};
use tokio_util::sync::CancellationToken;

use crate::{
    act::Act,
    autostart,
    hotkey::{self, Hotkey, Keys, Listener},
    links,
    notices::{Notice, Notifier},
    owner::{Opening, Owner},
    playground::Play,
    tray::Tray,
    windows::{Trouble, Windows},
};

/// How long a notification waits for the actions of its item.
const ACTIONS_TIME: Duration = Duration::from_secs(2);

/// The app.
pub(crate) struct Shell {
    runtime: Handle,
    /// Whether the display is a Wayland compositor's.
    wayland: bool,
    /// The person's own owner, and the active one: the playground's while it is on.
    own: Mutex<Opening>,
    owner: watch::Sender<Arc<Owner>>,
    play: tokio::sync::Mutex<Option<Play>>,
    playing: AtomicBool,
    pub(crate) notifier: Notifier,
    pub(crate) tray: OnceLock<Tray>,
    pub(crate) hotkey: OnceLock<Listener>,
    windows: Windows,
    pub(crate) settings: Mutex<config::Desktop>,
    pub(crate) dark_panel: AtomicBool,
    last: Mutex<Option<Desktop>>,
    /// Asks for a refresh of the tray.
    pub(crate) look_again: Notify,
    /// The app is to end.
    pub(crate) stop: CancellationToken,
    /// It has ended: everything is recorded and released.
    pub(crate) ended: CancellationToken,
}

/// The desktop around the windows, as `ui/src/desktop.ts` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Desktop {
    version: &'static str,
    platform: &'static str,
    wayland: bool,
    playground: bool,
    first_run: bool,
    hotkey: Hotkey,
    tray: Presence,
    autostart: bool,
    owner: &'static str,
    theme: config::Theme,
}

/// Whether a panel shows the tray icon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Presence {
    shown: bool,
    why: Option<String>,
}

impl Shell {
    /// The app, with everything but tray and hotkey, which come later. Within the runtime.
    /// `answer` answers what pages call for.
    pub(crate) fn new<A: Future<Output = Result<Value, Failure>> + Send + 'static>(
        paths: Paths,
        wayland: bool,
        answer: impl Fn(Weak<Self>, Kind, Request) -> A + Send + 'static,
    ) -> Arc<Self> {
        Arc::new_cyclic(|shell: &Weak<Self>| {
            let pages = paths.data.join("pages");
            let pages = std::fs::create_dir_all(&pages).is_ok().then_some(pages);
            let host: Arc<dyn Host> = Arc::new(DesktopHost { shell: shell.clone(), playground: false });
            let own = Opening { paths, secrets: None, host };
            let (calling, troubled, pressed) = (shell.clone(), shell.clone(), shell.clone());
            Self {
                runtime: Handle::current(),
                wayland,
                windows: Windows::start(
                    pages,
                    move |window, request| answer(calling.clone(), window, request),
                    move |trouble, order| {
                        let Some(shell) = troubled.upgrade() else { return };
                        if let Some(trouble) = trouble {
                            shell.show_no_window(&trouble, order);
                        }
                        // The menu names it.
                        shell.look_again.notify_one();
                    },
                ),
                owner: watch::Sender::new(Arc::new(Owner::open(own.clone()))),
                own: Mutex::new(own),
                play: tokio::sync::Mutex::default(),
                playing: AtomicBool::new(false),
                notifier: Notifier::start(move |act, token| {
                    if let Some(shell) = pressed.upgrade() {
                        shell.act_on(act, LocalVia::Notification, token);
                    }
                }),
                tray: OnceLock::new(),
                hotkey: OnceLock::new(),
                settings: Mutex::default(),
                dark_panel: AtomicBool::new(false),
                last: Mutex::default(),
                look_again: Notify::new(),
                stop: CancellationToken::new(),
                ended: CancellationToken::new(),
            }
        })
    }

    /// The connection to the active engine.
    pub(crate) fn owner(&self) -> Arc<Owner> {
        Arc::clone(&self.owner.borrow())
    }

    /// The active owners, as they change.
    pub(crate) fn owners(&self) -> watch::Receiver<Arc<Owner>> {
        self.owner.subscribe()
    }

    /// The windows.
    pub(crate) fn windows(&self) -> &Windows {
        &self.windows
    }

    pub(crate) fn settings(&self) -> MutexGuard<'_, config::Desktop> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True while the playground is shown.
    pub(crate) fn is_playing(&self) -> bool {
        self.playing.load(Ordering::Relaxed)
    }

    /// The desktop around the windows, as it is now.
    pub(crate) async fn desktop(&self) -> Desktop {
        let owner = self.owner();
        let accounts = owner.call(AccountsQuery {}).await;
        let playground = self.is_playing();
        Desktop {
            version: env!("CARGO_PKG_VERSION"),
            platform: std::env::consts::OS,
            wayland: self.wayland,
            playground,
            first_run: !playground && accounts.is_ok_and(|accounts| accounts.is_empty()),
            hotkey: self.hotkey_now(),
            tray: match self.tray_presence() {
                Ok(()) => Presence { shown: true, why: None },
                Err(why) => Presence { shown: false, why: Some(why) },
            },
            autostart: autostart::is_on(),
            owner: if owner.is_daemon() { "daemon" } else { "here" },
            theme: self.settings().theme,
        }
    }

    /// Notifies the windows where something of the desktop has changed.
    pub(crate) async fn emit_desktop(&self) {
        let now = self.desktop().await;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref() != Some(&now) {
            self.windows.emit("desktop", &now);
            *last = Some(now);
            // The menu names the hotkey.
            self.look_again.notify_one();
        }
    }

    /// The same, from a thread of the tray's or the hotkey's.
    pub(crate) fn desktop_changed(self: &Arc<Self>) {
        let shell = Arc::clone(self);
        self.runtime.spawn(async move { shell.emit_desktop().await });
    }

    fn hotkey_now(&self) -> Hotkey {
        match self.hotkey.get() {
            Some(listener) => listener.now(),
            None => {
                Hotkey { keys: self.settings().hotkey.clone(), state: hotkey::State::Unavailable, why: None }
            }
        }
    }

    /// The keys that open the launcher, where there are any.
    pub(crate) fn keys(&self) -> Option<String> {
        let hotkey = self.hotkey_now();
        matches!(hotkey.state, hotkey::State::Active | hotkey::State::Portal).then_some(hotkey.keys)
    }

    fn tray_presence(&self) -> Result<(), String> {
        self.tray.get().map_or_else(|| Err("it is being made".to_owned()), Tray::presence)
    }

    /// True where a person can open the windows without a second start.
    pub(crate) fn is_reachable(&self) -> bool {
        self.tray_presence().is_ok() || self.keys().is_some()
    }

    /// The checks of the desktop, for `doctor`.
    pub(crate) fn checks(&self) -> Vec<Check> {
        let check = |name: &str, found: Result<String, String>, remedy: &str| match found {
            Ok(found) => Check { name: name.into(), verdict: CheckVerdict::Ok, found, remedy: None },
            Err(found) => Check {
                name: name.into(),
                verdict: CheckVerdict::Warning,
                found,
                remedy: Some(remedy.into()),
            },
        };
        let hotkey = self.hotkey_now();
        let hotkey = match hotkey.state {
            hotkey::State::Active | hotkey::State::Portal => Ok(hotkey.keys),
            _ => Err(hotkey.why.unwrap_or(hotkey.keys)),
        };
        vec![
            check(
                "tray",
                self.tray_presence().map(|()| "shown by the desktop's panel".to_owned()),
                "switch on the panel's status tray (on GNOME, the AppIndicator extension); the hotkey and `callboard open` work without it",
            ),
            check(
                "notifications",
                self.notifier.service(),
                "start a notification service, such as dunst, in this session",
            ),
            check("hotkey", hotkey, "choose other keys in the settings, or bind `callboard-tray toggle`"),
            match self.windows.trouble() {
                None => check("windows", Ok("shown when they are needed".to_owned()), ""),
                Some(trouble) => check("windows", Err(trouble.why), trouble.remedy),
            },
        ]
    }

    /// Performs an act of the tray.
    pub(crate) fn act(self: &Arc<Self>, act: Act) {
        self.act_on(act, LocalVia::Tray, None);
    }

    /// Performs an act from outside the windows. What a person then does in a window is a call of that window.
    pub(crate) fn act_on(self: &Arc<Self>, act: Act, via: LocalVia, token: Option<String>) {
        match act {
            Act::Show(item) => {
                let shown = Shown { item: item.map(|item| item.to_string()), ..Shown::default() };
                self.windows.order(Order::Show { window: Kind::Launcher, shown, token });
            }
            Act::Settings(view) => {
                let shown = Shown { view: view.map(str::to_owned), ..Shown::default() };
                self.windows.order(Order::Show { window: Kind::Settings, shown, token });
            }
            Act::Browse(link) => {
                if let Err(why) = links::open(&link) {
                    self.notifier.show(Notice::plain("The link was not opened", why, Act::Show(None)));
                }
            }
            Act::Prepare { line, item } => {
                let shown = Shown { item: Some(item.to_string()), line: Some(line), ..Shown::default() };
                self.windows.order(Order::Show { window: Kind::Launcher, shown, token });
            }
            Act::Begin { line, item, label } => {
                let shell = Arc::clone(self);
                self.runtime.spawn(async move { shell.begin(line, item, label, via, token).await });
            }
            Act::Undo { run } => {
                let shell = Arc::clone(self);
                self.runtime.spawn(async move { shell.undo(run, via).await });
            }
            Act::Quiet(until) => {
                let shell = Arc::clone(self);
                self.runtime.spawn(async move {
                    let until = until.map(|until| until.end(&Zoned::now()));
                    if let Err(error) = shell.owner().call_as(via, Quiet { until }).await {
                        shell.notifier.show(Notice::plain(
                            "Do not disturb was not changed",
                            error.to_string(),
                            Act::Show(None),
                        ));
                    }
                });
            }
            Act::Quit => self.quit(),
        }
    }

    /// Runs a command of the hotkey, a second start or the command line.
    pub(crate) fn command(self: &Arc<Self>, command: AppCommand, token: Option<String>) {
        match command {
            AppCommand::Open => self.act_on(Act::Show(None), LocalVia::Launcher, token),
            AppCommand::Toggle => {
                self.windows.order(Order::Press { token });
                self.windows.order(Order::Release);
            }
            AppCommand::Settings => self.act_on(Act::Settings(None), LocalVia::Launcher, token),
        }
    }

    /// Reports that there is no window where a person wanted one, and what to do instead.
    fn show_no_window(self: &Arc<Self>, trouble: &Trouble, order: Option<Order>) {
        let instead = match order {
            Some(Order::Show { shown: Shown { line: Some(line), .. }, .. }) => {
                format!(" To run it in a terminal: callboard run {}", quote(&line))
            }
            _ => " The tray's menu and `callboard` in a terminal work without it.".to_owned(),
        };
        let body = format!("{}: {}.{instead}", trouble.why, trouble.remedy);
        self.notifier.show(Notice::plain("No window can be shown", body, Act::Show(None)));
    }

    /// Shows a notification of the engine's, with the actions of its item. One of the playground's is marked, and is not shown
    /// any more once that has ended.
    pub(crate) fn show_notification(self: &Arc<Self>, notification: Notification, playground: bool) {
        let shell = Arc::clone(self);
        self.runtime.spawn(async move {
            let actions = match &notification.items[..] {
                [item] => shell.actions(item).await,
                _ => Vec::new(),
            };
            if !playground || shell.is_playing() {
                shell.notifier.show(Notice { playground, ..Notice::new(notification, &actions) });
            }
        });
    }

    /// The actions of an item; none where the answer is late.
    pub(crate) async fn actions(&self, item: &ItemKey) -> Vec<ItemAction> {
        let owner = self.owner();
        let answer = owner.call(ItemQuery::of(item.to_string()));
        match tokio::time::timeout(ACTIONS_TIME, answer).await {
            Ok(Ok(detail)) => detail.actions,
            _ => Vec::new(),
        }
    }

    /// Shows a notification to see whether it comes.
    pub(crate) fn test_notification(&self) -> Result<(), String> {
        self.notifier.service()?;
        let title = "Callboard's notifications work";
        self.notifier.show(Notice::plain(title, "A click on one opens what it is about.", Act::Show(None)));
        Ok(())
    }

    /// Takes other keys, and writes them to the configuration where they are ours.
    pub(crate) async fn set_hotkey(&self, keys: &str) -> Result<Hotkey, ApiError> {
        let keys: Keys = keys.parse().map_err(ApiError::usage)?;
        let Some(listener) = self.hotkey.get() else {
            return Err(ApiError::internal("the hotkey is being made; try again in a moment"));
        };
        let hotkey = listener.set(&keys);
        if matches!(hotkey.state, hotkey::State::Active | hotkey::State::Portal) {
            self.settings().hotkey = keys.to_string();
            let path = ["desktop", "hotkey"].map(str::to_owned).to_vec();
            let value = Some(Value::String(keys.to_string()));
            self.owner().call_as(LocalVia::Launcher, Configure { path, value }).await?;
        }
        self.emit_desktop().await;
        Ok(hotkey)
    }

    /// Starts the app at login, or does not.
    pub(crate) async fn set_autostart(&self, on: bool) -> Result<(), ApiError> {
        autostart::set(on)
            .map_err(|error| ApiError::internal(format!("starting at login was not changed: {error}")))?;
        self.emit_desktop().await;
        Ok(())
    }

    /// Enters the playground, or returns to the person's own services.
    pub(crate) async fn playground(self: &Arc<Self>, on: bool) -> Result<(), ApiError> {
        let mut play = self.play.lock().await;
        match (play.take(), on) {
            (Some(running), true) => *play = Some(running),
            (None, false) => {}
            (None, true) => {
                let host = DesktopHost { shell: Arc::downgrade(self), playground: true };
                let receiving = Arc::downgrade(self);
                let received = move |command: AppCommand, token| {
                    if let Some(shell) = receiving.upgrade() {
                        shell.command(command, token);
                    }
                };
                let started = Play::start(Arc::new(host), received)
                    .await
                    .map_err(|error| ApiError::internal(format!("{error:#}")))?;
                self.playing.store(true, Ordering::Relaxed);
                let before = self.owner.send_replace(started.owner());
                *play = Some(started);
                before.close().await;
            }
            (Some(running), false) => {
                self.playing.store(false, Ordering::Relaxed);
                let own = self.own.lock().unwrap_or_else(PoisonError::into_inner).clone();
                self.owner.send_replace(Arc::new(Owner::open(own)));
                self.notifier.withdraw_playground();
                running.stop().await.map_err(|error| ApiError::internal(format!("{error:#}")))?;
            }
        }
        drop(play);
        self.emit_desktop().await;
        self.windows.emit("changed", &());
        Ok(())
    }

    /// Ends the app, once running work has been recorded.
    pub(crate) fn quit(self: &Arc<Self>) {
        if self.stop.is_cancelled() {
            return;
        }
        self.stop.cancel();
        let shell = Arc::clone(self);
        self.runtime.spawn(async move {
            shell.windows.close().await;
            if shell.is_playing() {
                shell.notifier.withdraw_playground();
            }
            if let Some(play) = shell.play.lock().await.take()
                && let Err(error) = play.stop().await
            {
                tracing::warn!("{error:#}");
            }
            shell.owner().close().await;
            shell.ended.cancel();
        });
    }
}

/// The engine's host: passes everything on to the [`Shell`], for as long as there is one.
struct DesktopHost {
    shell: Weak<Shell>,
    /// True for the playground's.
    playground: bool,
}

impl Host for DesktopHost {
    fn notify(&self, notification: &Notification) {
        if let Some(shell) = self.shell.upgrade() {
            shell.show_notification(notification.clone(), self.playground);
        }
    }

    fn withdraw(&self, items: &[ItemKey]) {
        if let Some(shell) = self.shell.upgrade() {
            shell.notifier.withdraw(items.to_vec());
        }
    }

    fn checks(&self) -> Vec<Check> {
        self.shell.upgrade().map(|shell| shell.checks()).unwrap_or_default()
    }
}
