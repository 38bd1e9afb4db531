//! Two hundred concurrent sign-ins, while other clients read.

use std::thread;
use std::time::{Duration, Instant};

use crate::Settings;
use crate::data::PASSWORD;
use crate::load::{agent, drive, send};
use crate::report::Report;
use crate::scenarios::{Stage, get, nth, sign_in};
use crate::server::Server;

const PHONES: usize = 200;
/// Successive waves, so that there are enough reads to measure.
const WAVES: usize = 3;

pub fn measure(stage: &Stage, server: &Server, settings: &Settings, report: &mut Report) -> Result<(), String> {
    let heads = stage.heads.clone();
    let reads = move |n: usize, i: usize| {
        nth(&heads, n + i * 7).map(|head| get("/households".into(), &head.token, |page| page.get("items").is_some()))
    };
    let clients = settings.clients.min(8);
    let calm = drive(&server.url, clients, settings.duration(), &reads);
    let before = server.memory()?;
    let (mut signed_in, mut turned_away, mut wrong, mut slowest) = (0_u64, 0_u64, 0_u64, Duration::ZERO);
    let mut beside = None;
    thread::scope(|scope| {
        let reading = scope.spawn(|| drive(&server.url, clients, settings.duration(), &reads));
        for _ in 0..WAVES {
            let phones: Vec<_> = (0..PHONES)
                .map(|n| {
                    scope.spawn(move || {
                        let username = nth(&stage.heads, n).map(|head| head.text("username")).unwrap_or_default();
                        let asked = Instant::now();
                        (send(&agent(), &server.url, &sign_in(&username, PASSWORD, 200)), asked.elapsed())
                    })
                })
                .collect();
            for phone in phones {
                match phone.join() {
                    Ok((Ok((200, _)), _)) => signed_in += 1,
                    Ok((Ok((503, _)), took)) => (turned_away, slowest) = (turned_away + 1, slowest.max(took)),
                    _ => wrong += 1,
                }
            }
        }
        beside = reading.join().ok();
    });
    let beside = beside.ok_or("the readers failed")?;
    report.storm(&calm, &beside, (signed_in, turned_away, wrong), slowest, before, server.memory()?);
    Ok(())
}
