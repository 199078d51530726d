use tokio::{io::AsyncWriteExt, time::advance};

use super::*;

const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn address(last: u8) -> IpAddr {
    [10, 0, 0, last].into()
}

async fn places<const N: usize>(connections: &Connections, addresses: [IpAddr; N]) -> [Place; N] {
    let mut places = Vec::new();
    for address in addresses {
        // One after the other.
        advance(Duration::from_millis(1)).await;
        places.push(connections.place(address).await.unwrap());
    }
    places.try_into().unwrap_or_else(|_| panic!("one for each"))
}

/// The numbers of those that give way, one after the other, for new connections.
fn give_way(connections: &Connections, places: &[Place]) -> Vec<usize> {
    let mut order = Vec::new();
    while let Some(waits) = lock(&connections.waiting).furthest_behind(Instant::now(), |_| true) {
        waits.gives_way.cancel();
        let has_given_way =
            |number: &usize| places[*number].gives_way.is_cancelled() && !order.contains(number);
        let newly = (0..places.len()).find(has_given_way);
        order.extend(newly);
    }
    order
}

#[tokio::test(start_paused = true)]
async fn slow_sender_gives_way_and_one_being_answered_never_does() {
    let connections = Connections::new(5);
    let places = places(&connections, [HOME; 5]).await;
    let _answering = places[0].answering();
    // 1 drips, 2 is silent, 3 sends at a good rate, 4 sent much long ago.
    places[4].received(1 << 20);
    for _ in 0..30 {
        advance(Duration::from_millis(100)).await;
        places[1].received(1);
        places[3].received(2_000);
    }
    advance(Duration::from_millis(10)).await;
    assert_eq!(give_way(&connections, &places), [2, 4, 1, 3]);
    assert!(!places[0].gives_way.is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn memory_is_freed_by_its_holder_that_is_furthest_behind() {
    let connections = Connections::new(5);
    let [silent, small, stalled, steady, new] = places(&connections, [HOME; 5]).await;
    for place in [&stalled, &steady] {
        place.received(1 << 20);
        place.holds_memory(true);
    }
    assert!(!new.frees_memory().await, "nobody is behind yet");
    advance(GRACE * 2).await;
    steady.received(1 << 20);
    let (freed, ()) = tokio::join!(new.frees_memory(), async {
        stalled.needed().await;
        drop(stalled);
    });
    assert!(freed);
    assert!(!new.frees_memory().await, "a steady sender keeps what it holds");
    assert!([&silent, &small, &steady].iter().all(|place| !place.gives_way.is_cancelled()));
    // What was answered holds nothing any more.
    drop(steady.answering());
    advance(GRACE * 2).await;
    assert!(!new.frees_memory().await);
}

#[tokio::test(start_paused = true)]
async fn connection_waiting_for_memory_keeps_its_place_until_another_is_behind() {
    let connections = Connections::new(3);
    let places = places(&connections, [HOME; 3]).await;
    for place in &places {
        place.received(1 << 20);
        place.holds_memory(true);
    }
    let began = Instant::now();
    let held_up = places[0].held_up();
    assert!(held_up.waits_for_memory().await, "two others hold some, and neither is behind yet");
    assert!((GRACE..GRACE * 2).contains(&began.elapsed()), "{:?}", began.elapsed());
    advance(GRACE * 5).await;
    places[2].received(1 << 20);
    assert_eq!(give_way(&connections, &places), [1, 2], "the one that is held up is not asked");
    assert!(!held_up.waits_for_memory().await, "nobody else holds any");
    // Once it is read on, its time starts over, and it still holds its memory.
    drop(held_up);
    assert_eq!(lock(&connections.waiting).by_number[&places[0].number].due, Instant::now() + GRACE);
    assert!(lock(&connections.waiting).by_number[&places[0].number].holds_memory);
}

#[tokio::test(start_paused = true)]
async fn memory_of_a_request_that_is_answered_is_waited_for() {
    let connections = Connections::new(2);
    let [answered, new] = places(&connections, [HOME; 2]).await;
    answered.holds_memory(true);
    let answering = answered.answering();
    assert!(new.held_up().waits_for_memory().await);
    drop(answering);
    assert!(!new.held_up().waits_for_memory().await);
    assert!(!answered.gives_way.is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn address_with_most_connections_gives_way_where_none_is_behind() {
    let connections = Connections::new(6);
    let from = [address(1), HOME, HOME, address(2), HOME, address(2)];
    let places = places(&connections, from).await;
    assert_eq!(give_way(&connections, &places), [1, 2, 3, 0, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn response_restarts_the_grace_period() {
    let connections = Connections::new(3);
    let places = places(&connections, [HOME; 3]).await;
    advance(GRACE * 2).await;
    drop(places[0].answering());
    assert_eq!(give_way(&connections, &places), [1, 2, 0]);
}

#[tokio::test(start_paused = true)]
async fn new_connection_takes_the_place_of_one_that_gave_way() {
    let connections = Connections::new(2);
    let [slow, other] = places(&connections, [HOME; 2]).await;
    slow.received(1);
    let new = tokio::join!(connections.place(HOME), async {
        // Of the two the first is behind first.
        assert!(slow.needed().await, "something of it had come");
        drop(slow);
    });
    drop(new.0.unwrap());
    let _free = connections.place(HOME).await.unwrap();
    assert!(!other.gives_way.is_cancelled());
    assert_eq!(lock(&connections.waiting).by_number.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn first_answered_connection_gives_way_where_all_are_busy() {
    let connections = Connections::new(1);
    let [busy] = places(&connections, [HOME]).await;
    let answered = async {
        let answering = busy.answering();
        // Until the other waits.
        tokio::task::yield_now().await;
        drop(answering);
        assert!(!busy.needed().await, "nothing more of it had come");
        drop(busy);
    };
    let both = async { tokio::join!(answered, connections.place(address(1))) };
    // Nobody's time runs: where nobody is asked to go, both wait for ever.
    let ((), new) = tokio::time::timeout(GRACE, both).await.expect("one gives way");
    assert!(new.is_some());
}

#[tokio::test(start_paused = true)]
async fn client_that_never_reads_times_out() {
    let (stream, other) = tokio::io::duplex(16);
    let mut stream = StallTimeout::new(stream, Duration::from_secs(10), |_: usize| ());
    stream.write_all(&[0; 16]).await.unwrap();
    let error = stream.write_all(&[0]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    drop(other);
}
