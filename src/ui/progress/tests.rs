use super::*;
use crate::ui::{Settings, Ui, tests::Shared};

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn started(image: &str) -> Event {
    Event::Started { image: image.into() }
}

fn stage(image: &str, stage: Stage) -> Event {
    Event::Stage { image: image.into(), stage }
}

fn moved(image: &str, count: u64) -> Event {
    Event::Bytes { image: image.into(), count }
}

fn finished(image: &str, outcome: &str, seconds: u64) -> Event {
    Event::Finished { image: image.into(), outcome: outcome.into(), seconds }
}

/// A run of four images, ten seconds old: one done, two in work.
fn board() -> Board {
    let mut board = Board::default();
    let silent = [
        Event::Planned { images: 4 },
        started("r.example/a:1"),
        started("r.example/b:1"),
        stage("r.example/b:1", Stage::Copy),
        moved("r.example/b:1", 2_000_000),
        moved("r.example/b:1", 10_000_000),
        started("r.example/c:1"),
    ];
    for event in silent {
        assert_eq!(board.apply(event, at(4)), None);
    }
    let line = board.apply(finished("r.example/a:1", "cleared for 2 of 2 consumers", 6), at(10));
    assert_eq!(line.as_deref(), Some("r.example/a:1  cleared for 2 of 2 consumers  (6 s)"));
    board
}

#[test]
fn moving_lines_say_stage_bytes_rate_and_time() {
    let moving = board().moving(at(10));
    let lines: Vec<_> = moving.values().map(String::as_str).collect();
    assert_eq!(lines, ["r.example/b:1  copying  12 MB, 2.0 MB/s  6 s", "r.example/c:1  starting  6 s"]);
}

#[test]
fn a_line_in_its_first_second_has_no_rate() {
    assert_eq!(board().moving(at(4))["r.example/b:1"], "r.example/b:1  copying  12 MB  0 s");
}

#[test]
fn the_total_extrapolates_once_an_image_has_finished() {
    assert_eq!(board().total(at(10)), "1 of 4 images, 12 MB in 10 s, about 30 s left");
    let mut fresh = Board::default();
    assert_eq!(fresh.total(at(3)), "0 of 0 images in 3 s");
    fresh.apply(Event::Planned { images: 1 }, at(3));
    assert_eq!(fresh.total(at(3)), "0 of 1 image in 3 s");
    fresh.apply(finished("a", "failed", 1), at(5));
    assert_eq!(fresh.total(at(5)), "1 of 1 image in 5 s");
}

#[test]
fn a_heartbeat_names_three_images_and_counts_the_rest() {
    let mut board = board();
    assert_eq!(
        board.heartbeat(at(30)),
        "1 of 4 images, 12 MB in 30 s, about 1 min 30 s left; in work: r.example/b:1 copying, r.example/c:1 starting"
    );
    board.apply(started("r.example/d:1"), at(31));
    board.apply(started("r.example/e:1"), at(31));
    assert!(board.heartbeat(at(60)).ends_with("r.example/d:1 starting and 1 more"));
}

#[test]
fn an_interruption_says_what_is_still_done() {
    let mut board = Board::default();
    let lines = [0, 1, 2].map(|uploads| board.apply(Event::Draining { uploads }, at(1)).unwrap());
    assert_eq!(
        lines,
        [
            "interrupted: nothing else starts",
            "interrupted: finishing 1 upload, nothing else starts",
            "interrupted: finishing 2 uploads, nothing else starts",
        ]
    );
}

#[test]
fn a_forged_outcome_stays_on_its_line() {
    let line = Board::default().apply(finished("a", "failed: no\nb  cleared\u{1b}[2K", 1), at(1)).unwrap();
    assert_eq!(line, "a  failed: no\\u{a}b  cleared\\u{1b}[2K  (1 s)");
}

#[tokio::test]
async fn a_display_that_is_behind_loses_bytes_and_nothing_else() {
    let (events, mut receiver) = mpsc::channel(2);
    let progress = Progress { events };
    let image: Arc<str> = "a".into();
    for _ in 0..5 {
        progress.bytes(&image, 1);
        progress.tell(moved("a", 1)).await;
    }
    let waiting = tokio::spawn({
        let progress = progress.clone();
        async move { progress.tell(finished("a", "cleared", 1)).await }
    });
    drop(progress);
    let mut seen = Vec::new();
    while let Some(event) = receiver.recv().await {
        seen.push(event);
    }
    waiting.await.unwrap();
    assert_eq!(seen, [moved("a", 1), moved("a", 1), finished("a", "cleared", 1)]);
}

#[tokio::test]
async fn without_a_terminal_each_finished_image_is_one_plain_line() {
    let (out, err) = (Shared::default(), Shared::default());
    let ui = Ui::onto(Settings::default(), out.stream(), err.stream());
    let (progress, display) = ui.progress();
    for event in
        [started("b"), started("a"), moved("a", 812), finished("a", "held", 2), finished("b", "cleared", 3)]
    {
        progress.tell(event).await;
    }
    display.finish().await;
    assert_eq!(err.text(), "a  held  (812 B in 2 s)\nb  cleared  (3 s)\n");
    assert_eq!(out.text(), "");
}

#[tokio::test]
async fn handles_that_outlive_the_display_hold_up_nobody() {
    let ui = Ui::onto(Settings::default(), Shared::default().stream(), Shared::default().stream());
    let (progress, display) = ui.progress();
    display.finish().await;
    for _ in 0..=EVENTS_MAX {
        progress.tell(started("a")).await;
    }
    Progress::unseen().tell(started("a")).await;
}

#[tokio::test]
async fn quiet_shows_no_progress() {
    let err = Shared::default();
    let settings = Settings { quiet: true, ..Settings::default() };
    let (progress, display) = Ui::onto(settings, Shared::default().stream(), err.stream()).progress();
    progress.tell(finished("a", "cleared", 1)).await;
    display.finish().await;
    assert_eq!(err.text(), "");
}
