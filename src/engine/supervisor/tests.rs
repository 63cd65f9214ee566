//! An engine that says nothing any more, in the time of the test's own clock.

use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::time::Instant;

use super::*;
use crate::backend::Cancel;
use crate::backend::TokenSink;
use crate::backend::turn_queue;
use crate::chat::Health;
use crate::chat::ModelInfo;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::engine::tests::config;
use crate::engine::tests::generation;
use crate::ipc;
use crate::ipc::Decoder;

/// An engine that has a model, says one word, and from then on nothing but how it does, so often.
async fn engine(mut socket: UnixStream, mut answers: u32) {
    let model = ToFront::Load(LoadState::Ready(ModelInfo::default()));
    let word = ToFront::Turn { turn: 1, event: TokenEvent::Delta("Hel".to_owned()) };
    for frame in [model, word] {
        socket.write_all(&ipc::encode(&frame).expect("a frame")).await.expect("the front is there");
    }
    let (mut decoder, mut bytes) = (Decoder::default(), [0; 4096]);
    while let Ok(read @ 1..) = socket.read(&mut bytes).await {
        decoder.push(&bytes[..read]);
        while let Ok(Some(frame)) = decoder.take::<ToEngine>() {
            if matches!(frame, ToEngine::Status) && answers > 0 {
                answers -= 1;
                let frame = ipc::encode(&ToFront::Health(Health::default())).expect("a frame");
                socket.write_all(&frame).await.expect("the front is there");
            }
        }
    }
}

/// Runs a turn at an engine that answers so many questions; returns its end and when it came.
async fn turn(answers: u32) -> (StopReason, Duration) {
    let (front, other) = std::os::unix::net::UnixStream::pair().expect("sockets");
    other.set_nonblocking(true).expect("a socket");
    tokio::spawn(engine(UnixStream::from_std(other).expect("a socket"), answers));
    let decoder = Decoder::default();
    let link = Link::new(Connection { socket: front, decoder, ending: None, pid: 1 });
    let (orders, mut inbox) = mpsc::channel(8);
    let (events, _news) = mpsc::channel(64);
    let mut supervisor = Supervisor {
        config: Arc::new(config("/nowhere")),
        orders: orders.downgrade(),
        events,
        open: OpenTurns::default(),
        probes: HashMap::new(),
        next_probe: 0,
    };
    let (queue, mut turns) = turn_queue(8);
    let sink = TokenSink::open(TurnId(1), queue, Cancel::new()).await.expect("an open queue");
    orders.send(Order::Start(Box::new(generation()), sink)).await.expect("an inbox");
    let begun = Instant::now();
    let end = supervisor.serve(link.expect("a link"), &mut inbox).await;
    assert!(matches!(end, End::Gone), "the next connection replaces it");
    loop {
        let (_, event) = turns.recv().await.expect("an end");
        if let TurnEvent::Token(TokenEvent::Finished(reason, _)) = event {
            return (reason, begun.elapsed());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_says_nothing_is_asked_and_then_given_up() {
    for answers in [0, 20] {
        let (reason, took) = turn(answers).await;
        let StopReason::Interrupted(fault) = reason else { panic!("{reason:?}") };
        assert_eq!(fault.message, "the engine does not answer any more");
        let wanted = QUIET * (answers + 2);
        assert!(took >= wanted && took <= wanted + QUIET, "{answers}: {took:?}");
    }
}
