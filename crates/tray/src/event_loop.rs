//! The main thread's event loop on macOS and Windows: their trays and hotkeys live on it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::{self, ThreadId},
};

use anyhow::Result;
use tao::{
    event::{Event, StartCause},
    event_loop::{ControlFlow, EventLoopBuilder, EventLoopProxy},
    platform::run_return::EventLoopExtRunReturn,
};

enum Task {
    Do(Box<dyn FnOnce() + Send>),
    End,
}

/// Runs things on the main thread.
#[derive(Clone)]
pub(crate) struct MainThread {
    id: ThreadId,
    tasks: Arc<Mutex<EventLoopProxy<Task>>>,
}

impl MainThread {
    /// Runs it there: at once where this is that thread, else soon, and not at all where the app is ending.
    pub(crate) fn run(&self, act: impl FnOnce() + Send + 'static) {
        if thread::current().id() == self.id {
            return act();
        }
        self.send(Task::Do(Box::new(act)));
    }

    /// Ends the loop.
    pub(crate) fn end(&self) {
        self.send(Task::End);
    }

    fn send(&self, task: Task) {
        if self.tasks.lock().unwrap_or_else(PoisonError::into_inner).send_event(task).is_err() {
            tracing::debug!("the app is ending");
        }
    }
}

/// Runs the loop until [`MainThread::end`]; `start` runs on it first.
pub(crate) fn run(start: impl FnOnce(MainThread) -> Result<()>) -> Result<()> {
    let mut event_loop = EventLoopBuilder::<Task>::with_user_event().build();
    #[cfg(target_os = "macos")]
    {
        use tao::platform::macos::{ActivationPolicy, EventLoopExtMacOS};
        // No icon in the dock: the window process has one while there is a window.
        event_loop.set_activation_policy(ActivationPolicy::Accessory);
    }
    let tasks = Arc::new(Mutex::new(event_loop.create_proxy()));
    let main = MainThread { id: thread::current().id(), tasks };
    let mut start = Some(start);
    let mut started = Ok(());
    event_loop.run_return(|event, _, flow| {
        *flow = ControlFlow::Wait;
        match event {
            // Trays can be made from here on (docs.rs/tray-icon).
            Event::NewEvents(StartCause::Init) => {
                if let Some(start) = start.take() {
                    started = start(main.clone());
                }
                if started.is_err() {
                    *flow = ControlFlow::Exit;
                }
            }
            Event::UserEvent(Task::Do(act)) => act(),
            Event::UserEvent(Task::End) => *flow = ControlFlow::Exit,
            _ => {}
        }
    });
    started
}
