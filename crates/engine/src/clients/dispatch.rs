//! Calls by their name on the wire. Each is a method of [`Engine`] of that name, which takes the parameters and, unless it only
//! reads, the [`Actor`]: a call without one does not compile.

use callboard_domain::actor::Actor;
use futures::future::BoxFuture;
use serde_json::Value;

use crate::{Engine, api::*, system::supervise::catch_panic};

macro_rules! dispatch {
    ($($name:ident($params:ty) -> $answer:ty, $access:ident $(, $waits:ident)?;)*) => {
        /// Answers a call that came over the wire from a program of the version `client`. Boxed, so that what answers all of them
        /// is compiled here, once, and not into each place that asks.
        pub(crate) fn dispatch<'a>(
            engine: &'a Engine,
            name: &'a str,
            params: Value,
            actor: &'a Actor,
            client: &'a str,
        ) -> BoxFuture<'a, Result<Value, ApiError>> {
            let mismatch = move |error: String| ApiError::protocol(client, env!("CARGO_PKG_VERSION"), error);
            let wrong = move |error: serde_json::Error| mismatch(error.to_string());
            let answer = async move {
                match name {
                    $(stringify!($name) => {
                        let params: $params = serde_path_to_error::deserialize(params)
                            .map_err(|error| ApiError::params(client, name, &error))?;
                        serde_json::to_value(dispatch!(@ask $access engine $name params actor).await?).map_err(wrong)
                    })*
                    other => Err(mismatch(format!("there is no call {other:?}"))),
                }
            };
            Box::pin(async move {
                catch_panic(answer).await.unwrap_or_else(|panicked| {
                    tracing::error!(call = name, %panicked, "a call panicked");
                    Err(ApiError::internal(panicked))
                })
            })
        }

        /// True where the call of that name waits for something to happen.
        pub(crate) fn waits(name: &str) -> bool {
            match name {
                $(stringify!($name) => <$params as Call>::WAITS,)*
                _ => false,
            }
        }
    };
    (@ask Reads $engine:ident $name:ident $params:ident $actor:ident) => { $engine.$name($params) };
    (@ask $access:ident $engine:ident $name:ident $params:ident $actor:ident) => { $engine.$name($params, $actor) };
}

every_call!(dispatch);
