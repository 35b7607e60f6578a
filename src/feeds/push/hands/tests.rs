//! Who hangs, and who does not wait for them.

use tokio::sync::mpsc;

use super::*;

fn held(lane: Lane, host: &str, id: i64) -> Held {
    Held { lane, host: host.into(), row: Some((Errand::Deliver, id)) }
}

#[tokio::test]
async fn who_hangs_keeps_nobody_else_waiting() {
    let hands = Arc::new(Hands::new(8));
    for id in 0..6 {
        hands.begin(held(Lane::Swift, "hangs.example", id), std::future::pending());
    }
    let (said, mut heard) = mpsc::unbounded_channel();
    for id in 6..20 {
        let said = said.clone();
        hands.begin(held(Lane::Swift, &format!("{id}.example"), id), async move {
            said.send(id).unwrap()
        });
    }
    for _ in 6..20 {
        heard.recv().await.unwrap();
    }
    assert_eq!(hands.busy_hosts(Lane::Swift), ["hangs.example"]);
    hands.lay_down(Duration::ZERO).await;
    assert!(
        hands.rows().iter().all(|(_, ids)| ids.is_empty())
            && hands.busy_hosts(Lane::Swift).is_empty()
    );
    assert_eq!(hands.room(Lane::Swift), 0, "nothing is begun any more");
}

#[tokio::test]
async fn who_hangs_does_not_keep_the_good_ones_of_its_host_waiting() {
    let hands = Arc::new(Hands::new(8));
    for id in 0..6 {
        hands.begin(held(Lane::Slow, "many.example", id), std::future::pending());
    }
    assert_eq!(
        (hands.busy_hosts(Lane::Slow), hands.busy_hosts(Lane::Swift)),
        (vec!["many.example".into()], vec![])
    );
    let (said, mut heard) = mpsc::unbounded_channel();
    hands.begin(held(Lane::Swift, "many.example", 6), async move { said.send(6).unwrap() });
    assert_eq!(heard.recv().await, Some(6));
    hands.lay_down(Duration::ZERO).await;
}

#[tokio::test]
async fn who_hangs_for_the_first_time_gives_its_hand_to_others_soon() {
    let hands = Arc::new(Hands { overtime: Duration::ZERO, ..Hands::new(8) });
    for id in 0..4 {
        hands.begin(held(Lane::Swift, &format!("{id}.example"), id), std::future::pending());
    }
    let (said, mut heard) = mpsc::unbounded_channel();
    hands.begin(held(Lane::Swift, "good.example", 4), async move { said.send(4).unwrap() });
    assert_eq!(heard.recv().await, Some(4));
    hands.lay_down(Duration::ZERO).await;
}

#[tokio::test]
async fn the_bell_rings_when_there_is_room_for_what_was_left() {
    let hands = Arc::new(Hands::new(4));
    hands.note(Lane::New, true);
    hands.begin(held(Lane::New, "a.example", 1), async {});
    hands.rung().await;
    assert_eq!(
        (hands.room(Lane::New), hands.room(Lane::Swift), hands.rows()[0].1.len()),
        (4, 8, 0)
    );
}
