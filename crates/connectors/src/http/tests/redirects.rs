//! Redirects: followed as HTTP says, within the service's origin.

use super::*;

#[tokio::test]
async fn read_follows_a_redirect_on_the_same_host() {
    let server = MockServer::start().await;
    let moved = ResponseTemplate::new(302).insert_header("location", "/new?page=2");
    Mock::given(path("/old")).respond_with(moved).mount(&server).await;
    Mock::given(path("/new"))
        .and(header("authorization", format!("Bearer {SECRET}").as_str()))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "here": true })))
        .mount(&server)
        .await;
    let circle = ResponseTemplate::new(302).insert_header("location", "/circle");
    Mock::given(path("/circle")).respond_with(circle).mount(&server).await;
    Mock::given(path("/nowhere")).respond_with(ResponseTemplate::new(302)).mount(&server).await;
    let http = http(&server.uri(), bearer());

    assert_eq!(
        http.send(Request::get(["old"])).await.unwrap().json::<Value>().unwrap(),
        json!({ "here": true })
    );
    assert_eq!(kind(&http.send(Request::get(["circle"])).await), "unavailable");
    assert_eq!(kind(&http.send(Request::get(["nowhere"])).await), "unavailable");
    // A write that is answered by a 302 may have been done, and may not.
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let write = http.send(Request::new(method.clone(), ["old"])).await;
        assert_eq!(kind(&write), "unknown", "{method}");
        assert!(write.unwrap_err().to_string().contains("(302) to http"), "{method}");
        let answer = http.send(Request::new(method, ["old"]).unfollowed()).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.header("location")), (302, Some("/new?page=2")));
    }
}

/// What arrives at the second place of a redirect: RFC 9110, section 15.4.
#[tokio::test]
async fn redirects_follow_http() {
    let post = || Request::post(["old"]).json(json!({ "a": 1 }));
    let put = || Request::new(Method::PUT, ["old"]).json(json!({ "a": 1 }));
    let delete = || Request::new(Method::DELETE, ["old"]);
    let get = || Request::get(["old"]);
    let cases = [
        (301, get(), "GET "),
        (302, get(), "GET "),
        (303, get(), "GET "),
        (307, get(), "GET "),
        (308, get(), "GET "),
        (301, post().repeated(), "POST {\"a\":1}"),
        (302, post().repeated(), "POST {\"a\":1}"),
        (302, post().reads(), "GET "),
        (303, post(), "GET "),
        (303, post().repeated(), "GET "),
        (307, post(), "POST {\"a\":1}"),
        (308, post(), "POST {\"a\":1}"),
        (301, put().repeated(), "PUT {\"a\":1}"),
        (302, put().repeated(), "PUT {\"a\":1}"),
        (303, put(), "GET "),
        (307, put(), "PUT {\"a\":1}"),
        (302, delete().repeated(), "DELETE "),
        (303, delete(), "GET "),
        (307, delete(), "DELETE "),
        (308, delete(), "DELETE "),
        (303, get().changes(), "GET "),
        (308, get().changes(), "GET "),
    ];
    for (status, request, expected) in cases {
        let server = MockServer::start().await;
        let moved = ResponseTemplate::new(status).insert_header("location", "/new");
        Mock::given(path("/old")).respond_with(moved).mount(&server).await;
        Mock::given(path("/new"))
            .and(header("authorization", format!("Bearer {SECRET}").as_str()))
            .respond_with(ResponseTemplate::new(200))
            .mount(&server)
            .await;
        let what = format!("{status} {request:?}");
        let answer = http(&server.uri(), bearer()).send(request).await.unwrap();
        assert!(answer.redirected, "{what}");
        let sent = server.received_requests().await.unwrap();
        let last = sent.last().unwrap();
        assert_eq!(format!("{} {}", last.method, String::from_utf8_lossy(&last.body)), expected, "{what}");
    }
}

/// What a redirect that can't be followed to a good end says of a write.
#[tokio::test]
async fn redirected_write_has_the_right_error() {
    let cases = [
        // Status, where to, what is there, and the kind of error for a write and for a read.
        (307, "/gone", 404, "rejected", "rejected"),
        (308, "/gone", 500, "unknown", "unavailable"),
        (303, "/gone", 404, "unknown", "rejected"),
        (303, "/gone", 500, "unknown", "unavailable"),
        (301, "/gone", 200, "unknown", "ok"),
        (307, "https://127.0.0.1/x", 200, "rejected", "rejected"),
        (307, "http://other.example/x", 200, "rejected", "rejected"),
        (302, "/gone", 200, "unknown", "ok"),
        (302, "/gone", 404, "unknown", "rejected"),
        (302, "/old", 200, "unknown", "unavailable"),
        (302, "http://other.example/x", 200, "unknown", "rejected"),
        (303, "http://other.example/x", 200, "unknown", "rejected"),
        (307, "/old", 200, "rejected", "unavailable"),
        (307, "javascript:alert(1)", 200, "rejected", "unavailable"),
        (300, "/gone", 200, "rejected", "rejected"),
    ];
    for (status, to, then, write, read) in cases {
        let server = MockServer::start().await;
        let moved = ResponseTemplate::new(status).insert_header("location", to);
        Mock::given(path("/old")).respond_with(moved).mount(&server).await;
        Mock::given(path("/gone")).respond_with(ResponseTemplate::new(then)).mount(&server).await;
        let http = http(&server.uri(), bearer());
        let [put, patch, delete] =
            [Method::PUT, Method::PATCH, Method::DELETE].map(|method| Request::new(method, ["old"]));
        let writes = [Request::post(["old"]), put, patch, delete, Request::get(["old"]).changes()];
        for request in writes {
            let came = http.send(request.clone()).await;
            assert_eq!(kind(&came), write, "{status} {to} {then} {request:?}: {came:?}");
        }
        if matches!(status, 301 | 302) {
            let sent = server.received_requests().await.unwrap();
            assert!(sent.iter().all(|it| it.url.path() == "/old"), "{status} {to}: {sent:?}");
        }
        let came = http.send(Request::get(["old"])).await;
        assert_eq!(kind(&came), read, "{status} {to} {then}: {came:?}");
    }
    // What follows a write that was taken only looks, wherever it is sent on to.
    let server = MockServer::start().await;
    for (from, status, to) in [("/old", 303, "/moved"), ("/moved", 302, "/shown")] {
        let moved = ResponseTemplate::new(status).insert_header("location", to);
        Mock::given(path(from)).respond_with(moved).mount(&server).await;
    }
    Mock::given(path("/shown")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let delete = Request::new(Method::DELETE, ["old"]);
    for request in [Request::post(["old"]), delete, Request::get(["old"]).changes()] {
        assert_eq!(kind(&http(&server.uri(), bearer()).send(request).await), "ok");
    }
    let sent = server.received_requests().await.unwrap();
    assert!(sent.iter().all(|it| it.url.path() == "/old" || it.method == "GET"), "{sent:?}");

    let server = MockServer::start().await;
    for (from, to) in [("/a", "/b"), ("/b", "/a")] {
        let moved = ResponseTemplate::new(307).insert_header("location", to);
        Mock::given(path(from)).respond_with(moved).mount(&server).await;
    }
    let error = http(&server.uri(), bearer()).send(Request::get(["a"])).await.unwrap_err();
    assert!(error.to_string().contains("in circles: /a -> /b -> /a"), "{error}");
}

#[tokio::test]
async fn a_redirect_to_another_host_takes_no_credential_along() {
    let away = answering(ResponseTemplate::new(200).set_body_string("the log")).await;
    let there = format!("{}/blob?sig=abc", away.uri());
    let home = answering(ResponseTemplate::new(302).insert_header("location", there.as_str())).await;
    let credentials = [
        bearer(),
        Credential::Basic { user: USER.to_owned(), password: SECRET.into() },
        Credential::Headers(vec![("x-api-key".into(), SECRET.into())]),
        Credential::Scheme { prefix: "Token token=", secret: SECRET.into() },
    ];
    for credential in credentials {
        let http = http(&home.uri(), credential);
        let refused = http.send(Request::get(["log"])).await;
        assert!(refused.as_ref().unwrap_err().to_string().contains("nothing was sent there"), "{refused:?}");
        assert_eq!(kind(&http.send(Request::post(["log"]).elsewhere()).await), "unknown");
        assert_eq!(away.received_requests().await.unwrap().len(), 0);
        assert_eq!(http.send(Request::get(["log"]).elsewhere()).await.unwrap().text(), "the log");
        let seen = format!("{:?}", away.received_requests().await.unwrap());
        assert!(!seen.contains("authorization") && !seen.contains("x-api-key"), "{seen}");
        away.reset().await;
        Mock::given(any())
            .respond_with(ResponseTemplate::new(200).set_body_string("the log"))
            .mount(&away)
            .await;
    }
}
