//! Notifications over D-Bus (freedesktop.org, Desktop Notifications 1.2), with what is pressed on them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use callboard_domain::item::ItemKey;
use futures::StreamExt;
use tokio::sync::mpsc;
use zbus::{Connection, fdo::DBusProxy, zvariant::Value};

use super::{Left, Notice, escape};
use crate::act::Act;

/// How many wait for a notification service that is not there; older ones are dropped.
const WAITING: usize = 20;
/// How many that were shown are remembered for what may still be pressed on them.
const REMEMBERED: usize = 200;
/// How long the service may take.
const ANSWER_TIME: Duration = Duration::from_secs(5);
/// How often a session bus that is not there is looked for.
const AGAIN: Duration = Duration::from_secs(30);
const SERVICE: &str = "org.freedesktop.Notifications";

#[zbus::proxy(
    interface = "org.freedesktop.Notifications",
    default_service = "org.freedesktop.Notifications",
    default_path = "/org/freedesktop/Notifications",
    gen_blocking = false
)]
trait Notifications {
    #[expect(clippy::too_many_arguments, reason = "the interface has them")]
    fn notify(
        &self,
        app_name: &str,
        replaces: u32,
        icon: &str,
        summary: &str,
        body: &str,
        actions: &[&str],
        hints: HashMap<&str, Value<'_>>,
        expires: i32,
    ) -> zbus::Result<u32>;

    fn close_notification(&self, id: u32) -> zbus::Result<()>;

    fn get_capabilities(&self) -> zbus::Result<Vec<String>>;

    fn get_server_information(&self) -> zbus::Result<(String, String, String, String)>;

    #[zbus(signal)]
    fn action_invoked(&self, id: u32, key: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    fn notification_closed(&self, id: u32, reason: u32) -> zbus::Result<()>;

    #[zbus(signal)]
    fn activation_token(&self, id: u32, token: &str) -> zbus::Result<()>;
}

/// Shows notifications. What is pressed on them is passed on, with the token by which a window may take the focus.
#[derive(Clone)]
pub(crate) struct Notifier {
    orders: mpsc::UnboundedSender<Order>,
    service: Arc<Mutex<Result<String, String>>>,
}

enum Order {
    Show(Box<Notice>),
    Withdraw(Vec<ItemKey>),
    WithdrawPlayground,
}

impl Notifier {
    /// Starts showing, as a task of the runtime.
    pub(crate) fn start(pressed: impl Fn(Act, Option<String>) + Send + Sync + 'static) -> Self {
        let (orders, received) = mpsc::unbounded_channel();
        let service = Arc::new(Mutex::new(Err("not asked yet".to_owned())));
        tokio::spawn(run(received, Arc::clone(&service), pressed));
        Self { orders, service }
    }

    /// Shows one.
    pub(crate) fn show(&self, notice: Notice) {
        // The task ends with the program.
        let _ = self.orders.send(Order::Show(Box::new(notice)));
    }

    /// Withdraws what is shown of these items: a notification about others as well keeps their parts.
    pub(crate) fn withdraw(&self, items: Vec<ItemKey>) {
        let _ = self.orders.send(Order::Withdraw(items));
    }

    /// Withdraws what is shown of the playground.
    pub(crate) fn withdraw_playground(&self) {
        let _ = self.orders.send(Order::WithdrawPlayground);
    }

    /// The notification service, or why there is none.
    pub(crate) fn service(&self) -> Result<String, String> {
        self.service.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn run(
    mut orders: mpsc::UnboundedReceiver<Order>,
    service: Arc<Mutex<Result<String, String>>>,
    pressed: impl Fn(Act, Option<String>) + Send + Sync,
) {
    let mut shown = Shown::default();
    loop {
        let Err(error) = serve(&mut orders, &service, &mut shown, &pressed).await else { return };
        tracing::debug!(%error, "the session bus cannot be used");
        *service.lock().unwrap_or_else(PoisonError::into_inner) = Err(format!("no session bus: {error}"));
        let again = tokio::time::sleep(AGAIN);
        tokio::pin!(again);
        loop {
            tokio::select! {
                () = &mut again => break,
                order = orders.recv() => match order {
                    Some(Order::Show(notice)) => shown.wait(*notice, "there is no session bus"),
                    Some(Order::Withdraw(items)) => drop(shown.take_out(&items)),
                    Some(Order::WithdrawPlayground) => drop(shown.forget_playground()),
                    None => return,
                },
            }
        }
    }
}

/// Shows until the orders end (`Ok`), or the bus is gone.
async fn serve(
    orders: &mut mpsc::UnboundedReceiver<Order>,
    service: &Mutex<Result<String, String>>,
    shown: &mut Shown,
    pressed: &(impl Fn(Act, Option<String>) + Sync),
) -> zbus::Result<()> {
    let bus = Connection::session().await?;
    let proxy =
        NotificationsProxy::builder(&bus).cache_properties(zbus::proxy::CacheProperties::No).build().await?;
    let mut actions = proxy.receive_action_invoked().await?;
    let mut closed = proxy.receive_notification_closed().await?;
    let mut tokens = proxy.receive_activation_token().await?;
    let names = DBusProxy::new(&bus).await?;
    let mut owners = names.receive_name_owner_changed_with_args(&[(0, SERVICE)]).await?;
    let mut markup = ask(&proxy, service).await;
    shown.retry(&proxy, markup).await;
    loop {
        // A token comes before what it is for.
        tokio::select! {
            biased;
            token = tokens.next() => match token {
                Some(token) => {
                    if let Ok(args) = token.args() {
                        shown.token = Some((args.id, args.token.to_owned()));
                    }
                }
                None => return Err(zbus::Error::InputOutput(Arc::new(std::io::ErrorKind::UnexpectedEof.into()))),
            },
            Some(action) = actions.next() => {
                if let Ok(args) = action.args()
                    && let Some((act, token)) = shown.pressed(args.id, args.key)
                {
                    pressed(act, token);
                }
            }
            Some(gone) = closed.next() => if let Ok(args) = gone.args() {
                // 1 is expired: desktops keep those in a list, where they can still be pressed.
                if args.reason != 1 {
                    shown.notices.remove(&args.id);
                }
            },
            Some(owner) = owners.next() => {
                let there = owner.args().is_ok_and(|args| args.new_owner.is_some());
                if there {
                    markup = ask(&proxy, service).await;
                    shown.retry(&proxy, markup).await;
                } else {
                    *service.lock().unwrap_or_else(PoisonError::into_inner) =
                        Err("the notification service ended".to_owned());
                }
            },
            order = orders.recv() => match order {
                Some(Order::Show(notice)) => shown.show(&proxy, *notice, markup).await,
                Some(Order::Withdraw(items)) => {
                    let TakenOut { gone, less } = shown.take_out(&items);
                    close(&proxy, gone).await;
                    for id in less {
                        shown.show_again(&proxy, id, markup).await;
                    }
                }
                Some(Order::WithdrawPlayground) => close(&proxy, shown.forget_playground()).await,
                None => return Ok(()),
            },
        }
    }
}

async fn close(proxy: &NotificationsProxy<'_>, ids: Vec<u32>) {
    for id in ids {
        // The notification may be closed already.
        let _ = tokio::time::timeout(ANSWER_TIME, proxy.close_notification(id)).await;
    }
}

/// Asks the service for its name and whether it reads markup; starts it where it is installed but not running.
async fn ask(proxy: &NotificationsProxy<'_>, service: &Mutex<Result<String, String>>) -> bool {
    let answer = tokio::time::timeout(ANSWER_TIME, async {
        let (name, _, version, _) = proxy.get_server_information().await?;
        let markup = proxy.get_capabilities().await?.iter().any(|it| it == "body-markup");
        zbus::Result::Ok((format!("{name} {version}"), markup))
    });
    let (found, markup) = match answer.await {
        Ok(Ok((name, markup))) => (Ok(name), markup),
        Ok(Err(error)) => (Err(error.to_string()), true),
        Err(_) => (Err("the notification service does not answer".to_owned()), true),
    };
    *service.lock().unwrap_or_else(PoisonError::into_inner) = found;
    markup
}

/// The numbers of what is shown and was about items that are over.
#[derive(Debug, PartialEq, Eq)]
struct TakenOut {
    /// Nothing of it is left.
    gone: Vec<u32>,
    /// It is about fewer items now.
    less: Vec<u32>,
}

/// What is shown, by the service's number for it, and what waits for a service.
#[derive(Default)]
struct Shown {
    notices: BTreeMap<u32, Notice>,
    waiting: Vec<Notice>,
    token: Option<(u32, String)>,
}

impl Shown {
    async fn show(&mut self, proxy: &NotificationsProxy<'_>, notice: Notice, markup: bool) {
        let replaces = self.of_run(notice.run.as_deref()).unwrap_or(0);
        self.show_as(proxy, notice, replaces, markup).await;
    }

    /// Has the service show the present text of one.
    async fn show_again(&mut self, proxy: &NotificationsProxy<'_>, id: u32, markup: bool) {
        if let Some(notice) = self.notices.remove(&id) {
            self.show_as(proxy, notice, id, markup).await;
        }
    }

    /// Shows one in the place of another; 0 is none.
    async fn show_as(&mut self, proxy: &NotificationsProxy<'_>, notice: Notice, replaces: u32, markup: bool) {
        let keys: Vec<String> = (0..notice.buttons.len()).map(|index| index.to_string()).collect();
        let mut actions = vec!["default", "Open"];
        for (key, (label, _)) in keys.iter().zip(&notice.buttons) {
            actions.extend([key.as_str(), label.as_str()]);
        }
        let urgency: u8 = if notice.important { 2 } else { 1 };
        let hints =
            HashMap::from([("urgency", Value::from(urgency)), ("desktop-entry", Value::from("callboard"))]);
        let body = if markup { escape(&notice.body) } else { notice.body.clone() };
        let title = notice.shown_title();
        let answer = proxy.notify("Callboard", replaces, "callboard", &title, &body, &actions, hints, -1);
        match tokio::time::timeout(ANSWER_TIME, answer).await {
            Ok(Ok(id)) => {
                self.notices.insert(id, notice);
                while self.notices.len() > REMEMBERED {
                    self.notices.pop_first();
                }
            }
            Ok(Err(error)) => self.wait(notice, &error.to_string()),
            Err(_) => {
                tracing::warn!(title = %notice.title, "the notification service does not answer");
                // The one that it replaces may still be shown, and is withdrawn with it.
                if replaces != 0 {
                    self.notices.insert(replaces, notice);
                }
            }
        }
    }

    /// The notification that is shown about a run.
    fn of_run(&self, run: Option<&str>) -> Option<u32> {
        let run = run?;
        self.notices.iter().find(|(_, notice)| notice.run.as_deref() == Some(run)).map(|(id, _)| *id)
    }

    fn wait(&mut self, notice: Notice, why: &str) {
        tracing::info!(title = %notice.title, %why, "a notification waits for a notification service");
        if notice.run.is_some() {
            self.waiting.retain(|other| other.run != notice.run);
        }
        self.waiting.push(notice);
        if self.waiting.len() > WAITING {
            self.waiting.remove(0);
        }
    }

    async fn retry(&mut self, proxy: &NotificationsProxy<'_>, markup: bool) {
        for notice in std::mem::take(&mut self.waiting) {
            self.show(proxy, notice, markup).await;
        }
    }

    /// The act of a press; a click on the whole is the key `default`.
    fn pressed(&mut self, id: u32, key: &str) -> Option<(Act, Option<String>)> {
        let notice = self.notices.get(&id)?;
        let act = match key {
            "default" => notice.click.clone(),
            key => notice.buttons.get(key.parse::<usize>().ok()?)?.1.clone(),
        };
        let token = self.token.take().filter(|(of, _)| *of == id).map(|(_, token)| token);
        Some((act, token))
    }

    /// Removes the parts about items that are over, in what is shown and in what waits.
    fn take_out(&mut self, items: &[ItemKey]) -> TakenOut {
        self.waiting.retain_mut(|notice| notice.take_out(items) != Left::Nothing);
        let mut taken = TakenOut { gone: Vec::new(), less: Vec::new() };
        for (id, notice) in &mut self.notices {
            match notice.take_out(items) {
                Left::Same => {}
                Left::Less => taken.less.push(*id),
                Left::Nothing => taken.gone.push(*id),
            }
        }
        for id in &taken.gone {
            self.notices.remove(id);
        }
        taken
    }

    /// Forgets what is of the playground; answers with what is to be closed.
    fn forget_playground(&mut self) -> Vec<u32> {
        self.waiting.retain(|notice| !notice.playground);
        let of_playground = self.notices.iter().filter(|(_, notice)| notice.playground);
        let ids: Vec<u32> = of_playground.map(|(id, _)| *id).collect();
        for id in &ids {
            self.notices.remove(id);
        }
        ids
    }
}

#[cfg(test)]
mod tests {
    use callboard_domain::rules::NotificationPart;

    use super::*;

    fn notice(items: &[&str]) -> Notice {
        Notice {
            items: items.iter().map(|it| it.parse().unwrap()).collect(),
            buttons: vec![("Run again".into(), Act::Quit)],
            ..Notice::plain("t", "b", Act::Show(None))
        }
    }

    #[test]
    fn press_finds_the_act_of_its_button() {
        let mut shown = Shown::default();
        shown.notices.insert(7, notice(&[]));
        let cases = [
            (7, "default", Some(Act::Show(None))),
            (7, "0", Some(Act::Quit)),
            (7, "1", None),
            (7, "anything", None),
            (8, "default", None),
        ];
        for (id, key, expected) in cases {
            assert_eq!(shown.pressed(id, key).map(|(act, _)| act), expected, "{id} {key}");
        }
        shown.token = Some((7, "abc".into()));
        assert_eq!(shown.pressed(7, "default").unwrap().1.as_deref(), Some("abc"));
        assert_eq!(shown.pressed(7, "default").unwrap().1, None);
        shown.token = Some((6, "of another".into()));
        assert_eq!(shown.pressed(7, "default").unwrap().1, None);
    }

    #[test]
    fn moot_notification_is_withdrawn() {
        let (web, api) = ("ci/build/web@main", "ci/build/api@main");
        let key = |text: &str| -> ItemKey { text.parse().unwrap() };
        let joint = || Notice {
            parts: [web, api]
                .map(|item| NotificationPart { item: key(item), title: item.into(), body: String::new() })
                .into(),
            ..notice(&[web, api])
        };
        let mut shown = Shown::default();
        shown.notices.insert(1, notice(&[web]));
        shown.notices.insert(2, joint());
        shown.notices.insert(3, notice(&[]));
        shown.wait(joint(), "nobody is there");
        shown.wait(notice(&[web]), "nobody is there");
        // One after the other, as they end.
        assert_eq!(shown.take_out(&[key(web)]), TakenOut { gone: vec![1], less: vec![2] });
        assert_eq!((shown.notices[&2].title.as_str(), shown.waiting.len()), (api, 1));
        assert_eq!(shown.waiting[0].title, api);
        assert_eq!(shown.take_out(&[key(web)]), TakenOut { gone: vec![], less: vec![] });
        assert_eq!(shown.take_out(&[key(api)]), TakenOut { gone: vec![2], less: vec![] });
        assert_eq!((shown.notices.len(), shown.waiting.len()), (1, 0));
    }

    #[test]
    fn playground_notifications_are_withdrawn_with_it() {
        let made_up = || Notice { playground: true, ..notice(&["forge/build/web@main"]) };
        let mut shown = Shown::default();
        shown.notices.insert(1, made_up());
        shown.notices.insert(2, notice(&["ci/build/web@main"]));
        shown.wait(made_up(), "nobody is there");
        shown.wait(notice(&[]), "nobody is there");
        assert_eq!(shown.forget_playground(), [1]);
        assert_eq!(shown.notices.keys().collect::<Vec<_>>(), [&2]);
        assert!(shown.waiting.iter().all(|notice| !notice.playground) && shown.waiting.len() == 1);
    }

    #[test]
    fn notification_about_a_run_replaces_the_previous_one() {
        let of = |run: Option<&str>| Notice { run: run.map(str::to_owned), ..notice(&[]) };
        let mut shown = Shown::default();
        shown.notices.insert(1, of(None));
        shown.notices.insert(2, of(Some("a")));
        let cases = [(None, None), (Some("a"), Some(2)), (Some("b"), None)];
        for (run, expected) in cases {
            assert_eq!(shown.of_run(run), expected, "{run:?}");
        }
        for run in [None, Some("a"), None, Some("a"), Some("b")] {
            shown.wait(of(run), "nobody is there");
        }
        let waiting: Vec<_> = shown.waiting.iter().map(|it| it.run.as_deref()).collect();
        assert_eq!(waiting, [None, None, Some("a"), Some("b")]);
    }

    #[test]
    fn only_the_latest_notifications_wait() {
        let mut shown = Shown::default();
        for number in 0..WAITING + 3 {
            shown.wait(Notice { title: number.to_string(), ..notice(&[]) }, "nobody is there");
        }
        assert_eq!((shown.waiting.len(), shown.waiting[0].title.as_str()), (WAITING, "3"));
    }
}
