// The program of the windows is a script here.
#![cfg(unix)]

use std::{fs, os::unix::fs::PermissionsExt};

use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;

use super::*;

/// Windows shown by a program that reports each line that it reads, as a call of the launcher's.
struct Stage {
    windows: Windows,
    read: UnboundedReceiver<String>,
    failed: UnboundedReceiver<(Trouble, Option<Order>)>,
    _folder: TempDir,
}

/// `more` runs after each line, which is in `$line` with its quotation marks made single.
fn stage(more: &str) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("window");
    let version = message::VERSION;
    fs::write(
        &program,
        format!(
            r#"#!/bin/sh
echo '{{"message":"hello","version":"{version}"}}'
while read -r line; do
  line=$(printf %s "$line" | tr '"' "'")
  echo "{{\"message\":\"call\",\"id\":1,\"window\":\"launcher\",\"request\":{{\"request\":\"open_link\",\"url\":\"$line\"}}}}"
  {more}
done
"#
        ),
    )
    .unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    started(&program, folder)
}

fn started(program: &Path, folder: TempDir) -> Stage {
    let ((lines, read), (failing, failed)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
    let answer = move |_, request| {
        if let Request::OpenLink { url } = request {
            lines.send(url).unwrap();
        }
        std::future::ready(Ok(Value::Null))
    };
    let fail = move |trouble, order| {
        if let Some(trouble) = trouble {
            failing.send((trouble, order)).unwrap();
        }
    };
    let windows =
        Windows::start_program(program.to_owned(), [Duration::ZERO; 3], Some("/pages".into()), answer, fail);
    Stage { windows, read, failed, _folder: folder }
}

impl Stage {
    /// The next line that the program read which has this in it.
    async fn reads(&mut self, part: &str) -> String {
        loop {
            let line = self.read.recv().await.unwrap();
            if line.contains(part) {
                return line;
            }
        }
    }
}

fn show(window: Kind) -> Order {
    Order::Show { window, shown: Shown::default(), token: None }
}

fn press() -> Order {
    Order::Press { token: Some("t".into()) }
}

/// Carries out what it reads.
const DONE: &str = r#"n=${line##*"'id':"}; n=${n%%,*}
  case "$line" in *"'message':'order'"*) echo "{\"message\":\"done\",\"id\":$n,\"error\":null}";; esac"#;

#[tokio::test]
async fn process_is_started_when_a_window_is_needed_and_ended_when_none_is() {
    let unused = r#"case "$line" in
    *"'id':2"*) echo '{"message":"unused","id":1}'; echo '{"message":"unused","id":2}';; esac"#;
    let mut stage = stage(&format!("{DONE}\n{unused}"));
    stage.windows.order(Order::Release);
    stage.windows.emit("changed", &());
    stage.windows.set(WindowSettings { unload_after: Duration::from_secs(7), ..WindowSettings::default() });
    stage.windows.order(press());
    let init = stage.reads("init").await;
    assert!(init.contains("'/pages'") && init.contains("'secs':7"), "{init}");
    let first = stage.read.recv().await.unwrap();
    assert!(first.contains("'id':1,'order':{'order':'press','token':'t'}"), "no release before it: {first}");
    stage.windows.emit("changed", &());
    stage.reads("'changed'").await;
    // The second order makes it report that it is unused: first before that order, which means nothing.
    stage.windows.order(show(Kind::Settings));
    stage.reads("'id':2").await;
    stage.windows.close().await;
    assert_eq!(stage.windows.trouble(), None);
    assert!(stage.failed.try_recv().is_err());
}

#[tokio::test]
async fn windows_of_a_process_that_ended_are_shown_by_the_next() {
    let dies = r#"case "$line" in
    *"'id':1,"*) echo '{"message":"on_screen","windows":["settings"]}';;
    *"'id':2,"*) exit 3;; esac"#;
    let mut stage = stage(&format!("{dies}\n{DONE}"));
    stage.windows.order(show(Kind::Settings));
    stage.windows.order(press());
    stage.reads("'id':2,").await;
    stage.reads("init").await;
    let again = [stage.read.recv().await.unwrap(), stage.read.recv().await.unwrap()];
    assert!(again[0].contains("'id':3,") && again[0].contains("'window':'launcher'"), "{again:?}");
    assert!(again[1].contains("'id':4,") && again[1].contains("'window':'settings'"), "{again:?}");
    assert!(stage.failed.try_recv().is_err());
}

#[tokio::test]
async fn process_that_ends_again_and_again_is_reported_with_what_it_printed() {
    let mut stage = stage("echo 'no display: x' >&2; exit 3");
    stage.windows.order(press());
    let (trouble, order) = stage.failed.recv().await.unwrap();
    assert!(trouble.why.contains("4 times") && trouble.why.contains("no display: x"), "{trouble:?}");
    assert_eq!(order, Some(show(Kind::Launcher)));
    assert_eq!(stage.windows.trouble(), Some(trouble));
    // A person's next wish is tried again.
    stage.reads("init").await;
    stage.windows.order(press());
    assert!(stage.failed.recv().await.is_some());
}

#[tokio::test]
async fn program_that_cannot_show_windows_is_reported() {
    let folder = || tempfile::tempdir().unwrap();
    let version = format!(
        "#!/bin/sh\necho '{}'\nread -r line\nsleep 600\n",
        r#"{"message":"hello","version":"0.0.9"}"#
    );
    // what the program is -> the reason, and what to do
    type Program<'a> = Option<(&'a str, u32)>;
    let cases: [(Program<'_>, &str, &str); 3] = [
        (None, "is not there", INSTALL),
        (Some(("", 0o600)), "cannot be started", INSTALL),
        (Some((&version, 0o700)), "is of version 0.0.9", VERSIONS),
    ];
    for (file, why, remedy) in cases {
        let folder = folder();
        let program = folder.path().join("window");
        if let Some((text, mode)) = file {
            fs::write(&program, text).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(mode)).unwrap();
        }
        let mut stage = started(&program, folder);
        stage.windows.order(show(Kind::Launcher));
        let (trouble, order) = stage.failed.recv().await.unwrap();
        assert!(trouble.why.contains(why) && trouble.remedy == remedy, "{trouble:?}");
        assert_eq!(order, Some(show(Kind::Launcher)));
    }
}

/// The clock runs ahead while all wait.
#[tokio::test(start_paused = true)]
async fn process_that_hangs_is_ended_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("window");
    fs::write(&program, "#!/bin/sh\nexec sleep 600\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let mut stage = started(&program, folder);
    stage.windows.order(press());
    let (trouble, order) = stage.failed.recv().await.unwrap();
    assert!(trouble.why.contains("did not answer within 15 s"), "{trouble:?}");
    assert_eq!((trouble.remedy, order), (AGAIN, Some(show(Kind::Launcher))));
}

#[test]
fn what_was_on_the_screen_and_what_was_to_be_is_shown_again() {
    use Kind::{Launcher, Settings};
    let at = |item: &str, token: Option<&str>| Order::Show {
        window: Launcher,
        shown: Shown { item: Some(item.into()), ..Shown::default() },
        token: token.map(str::to_owned),
    };
    // on the screen, not carried out yet -> shown by the next process
    let cases: [(&[Kind], Vec<Order>, Vec<Order>); 6] = [
        (&[], vec![], vec![]),
        (&[], vec![Order::Release], vec![]),
        (&[Settings], vec![], vec![show(Settings)]),
        (&[], vec![press(), Order::Release], vec![show(Launcher)]),
        (&[Launcher], vec![at("a", None), at("b", Some("t"))], vec![at("b", None)]),
        (&[Launcher, Settings], vec![show(Settings)], vec![show(Launcher), show(Settings)]),
    ];
    for (on_screen, open, expected) in cases {
        assert_eq!(shown_again(on_screen, open.clone()), expected, "{on_screen:?}, {open:?}");
    }
}
