//! Passwords: Argon2id with 19 MiB, two passes, one lane (OWASP's minimum; measured 24 ms). Hashing has a few
//! threads and a short queue of its own, so that a burst of sign-ins is bounded in memory and does not slow down
//! other operations; a full queue is answered 503 with `Retry-After`.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, LazyLock, Mutex};

use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::{Output, PasswordHash};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use chrono::{DateTime, TimeDelta, Utc};
use std::net::IpAddr;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, oneshot};
use tokio::time::Instant;
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use crate::kernel::http::problem::{Problem, Result};
use crate::kernel::secrets::random;
use crate::kernel::shares::{Share, Shares};

const THREADS: usize = 2;
const QUEUE: usize = 48;
/// The part of the queue that one address takes; its other sign-ins wait. The phones of a commune may share one
/// address.
const QUEUE_OF_ADDRESS: usize = QUEUE / 4;
const LINE_OF_ADDRESS: usize = 64;
/// Waiting sign-ins of one account, which are processed one at a time.
const LINE_OF_ACCOUNT: usize = 48;
/// The time-out of waiting for the account and the address.
const PATIENCE: Duration = Duration::from_secs(5);
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// A hash of no password, verified for an unknown user name, so that it takes as long as for a known one.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$a2V0bmdoaWEtbm9ib2R5IQ$0000000000000000000000000000000000000000000";

pub const SHORTEST: usize = 8;
pub const LONGEST: usize = 128;
/// The validity of a one-time password in days.
pub const ONE_TIME_DAYS: i64 = 7;

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// The memory of a hash. A thread reuses it while sign-ins wait, which avoids an allocation of 19 MiB for each
/// hash.
type Memory = Vec<Block>;

/// The hashing threads and their queue.
pub struct Passwords {
    jobs: SyncSender<Job>,
    turns: Semaphore,
    waiting: Arc<AtomicUsize>,
    addresses: Arc<Shares<IpAddr>>,
    accounts: Arc<Shares<String>>,
}

/// The account and the address by which a request for hashing is limited.
pub struct Asker {
    pub account: String,
    /// `None` for an official who sets the password of another account.
    pub address: Option<IpAddr>,
}

/// A permit to hash. A try is counted while it is held, so that no more tries run concurrently than there are
/// threads.
pub struct Turn<'a> {
    passwords: &'a Passwords,
    _permit: SemaphorePermit<'a>,
    _account: Share<String>,
    _address: Option<Share<IpAddr>>,
}

/// Counts a request in the queue until it gets its permit or is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Passwords {
    fn default() -> Self {
        let (jobs, queue) = sync_channel::<Job>(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        let waiting = Arc::new(AtomicUsize::new(0));
        for _ in 0..THREADS {
            let (queue, waiting): (Arc<Mutex<Receiver<Job>>>, _) = (queue.clone(), waiting.clone());
            std::thread::spawn(move || {
                let mut memory = Memory::new();
                loop {
                    let job = match queue.lock() {
                        Ok(queue) => queue.recv(),
                        Err(_) => return,
                    };
                    match job {
                        Ok(job) => job(&mut memory),
                        Err(_all_senders_are_gone) => return,
                    }
                    if waiting.load(Ordering::Relaxed) == 0 {
                        memory = Memory::new();
                    }
                }
            });
        }
        Self {
            jobs,
            turns: Semaphore::new(THREADS),
            waiting,
            addresses: Shares::new(QUEUE_OF_ADDRESS, LINE_OF_ADDRESS),
            accounts: Shares::new(1, LINE_OF_ACCOUNT),
        }
    }
}

impl Passwords {
    /// Waits for other sign-ins of the account and of the address, then in the queue; a full queue is an error at
    /// once.
    pub async fn turn(&self, asker: Asker) -> Result<Turn<'_>> {
        let deadline = Instant::now() + PATIENCE;
        let account = self.accounts.take(asker.account, deadline).await?;
        let address = match asker.address {
            Some(address) => Some(self.addresses.take(address, deadline).await?),
            None => None,
        };
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if before >= QUEUE {
            return Err(Problem::overloaded("the sign-in queue is full"));
        }
        let permit = self.turns.acquire().await.map_err(Problem::internal)?;
        Ok(Turn { passwords: self, _permit: permit, _account: account, _address: address })
    }

    /// Hashes a password that an official sets for another account.
    pub async fn hash_for(&self, official: Uuid, password: String) -> Result<String> {
        self.turn(Asker { account: format!("naming {official}"), address: None }).await?.hash(password).await
    }

    /// The length of the queue.
    pub fn queued(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&mut Memory) -> T + Send + 'static) -> Result<T> {
        let (answer, done) = oneshot::channel();
        let job = Box::new(move |memory: &mut Memory| {
            // Fails when the request was dropped.
            let _ = answer.send(work(memory));
        });
        self.jobs.try_send(job).map_err(|_full| Problem::overloaded("the hashing queue is full"))?;
        done.await.map_err(|_gone| Problem::internal("a hashing thread died"))
    }
}

impl Turn<'_> {
    /// Hashes the new password with the permit that verified the old one: under load a second permit may not be
    /// available, and the successful try would stay counted as wrong.
    pub async fn hash(self, password: String) -> Result<String> {
        self.passwords.run(move |_own| hash(&password)).await?
    }

    /// Whether the password matches the hash; false without a hash, after the same time.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        let compare = move |memory: &mut Memory| {
            let known = hash.is_some();
            opens(memory, &password, hash.as_deref().unwrap_or(NOBODY)) == Some(true) && known
        };
        self.passwords.run(compare).await
    }
}

/// Whether a password matches a hash; `None` when the hash cannot be computed.
fn opens(memory: &mut Memory, password: &str, hash: &str) -> Option<bool> {
    let hash = PasswordHash::new(hash).ok()?;
    let params = Params::try_from(&hash).ok()?;
    memory.resize(params.block_count(), Block::new());
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
    let version = Version::try_from(hash.version?).ok()?;
    let (salt, right) = (hash.salt?, hash.hash?);
    let mut output = vec![0; right.len()];
    let argon2 = Argon2::new(algorithm, version, params);
    argon2.hash_password_into_with_memory(password.as_bytes(), &salt, &mut output, &mut *memory).ok()?;
    // `Output` compares in constant time.
    Some(Output::new(&output).ok()? == right)
}

/// Hashes on the current thread, for commands and loaders.
pub fn hash(password: &str) -> Result<String> {
    let salt: [u8; 16] = random()?;
    let hash = argon2()?.hash_password_with_salt(password.as_bytes(), &salt).map_err(Problem::internal)?;
    Ok(hash.to_string())
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(Problem::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The expiry of a one-time password that is generated now.
pub fn one_time_expiry(now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::days(ONE_TIME_DAYS)
}

/// Generates a one-time password, which is read out to its user: 15 letters and digits without similar ones,
/// 75 bits.
pub fn one_time() -> Result<String> {
    const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789A";
    let bytes: [u8; 15] = random()?;
    let mut password = String::new();
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && index % 5 == 0 {
            password.push('-');
        }
        let letter = ALPHABET.get(usize::from(byte % 32)).copied().unwrap_or(b'a');
        password.push(char::from(letter));
    }
    Ok(password)
}

/// The most common passwords (data/SOURCES.md), normalised for comparison.
static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("../../data/common_passwords.txt").lines().collect());

/// The names of the service, with or without digits; longer ones may contain them.
const SERVICE: [&str; 2] = ["ketnghia", "twinning"];

/// Whether a password is common or easy to guess from facts about its owner. `context` contains these: name,
/// phone, place. Case, diacritics and punctuation are ignored.
pub fn is_weak(password: &str, context: &[String]) -> bool {
    let squeeze = |text: &str| -> String {
        let letters = text.nfd().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
        letters.map(|c| if c == 'đ' { 'd' } else { c }).collect()
    };
    let squeezed = squeeze(password);
    let mut letters: Vec<char> = squeezed.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    letters.len() < 4
        || COMMON.contains(squeezed.as_str())
        || SERVICE.contains(&squeezed.trim_matches(|c: char| c.is_ascii_digit()))
        || context.iter().map(|word| squeeze(word)).any(|word| {
            // The password is the word, or the word with a few digits.
            word.chars().count() >= 4
                && squeezed.trim_matches(|c: char| c.is_ascii_digit() && !word.contains(c)) == word
                || (word.chars().count() >= 8 && squeezed.contains(&word))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_opens_to_its_password_only() {
        let hash = hash("một mật khẩu dài").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let mut memory = Memory::new();
        assert_eq!(opens(&mut memory, "một mật khẩu dài", &hash), Some(true));
        assert_eq!(opens(&mut memory, "another", &hash), Some(false), "earlier content of the memory has no effect");
        assert_eq!(opens(&mut memory, "another", NOBODY), Some(false), "the dummy must take the time of a real one");
        // Verifies with the parameters of the hash, not the current ones.
        let other = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, None).unwrap());
        let other = other.hash_password_with_salt(b"another", b"sixteen bytes ..").unwrap().to_string();
        assert_eq!(opens(&mut memory, "another", &other), Some(true));
    }

    #[actix_web::test]
    async fn who_has_a_turn_verifies_and_hashes_in_it_however_many_wait() {
        let passwords = Passwords::default();
        let asker = |name: &str| Asker { account: name.to_owned(), address: None };
        let turn = passwords.turn(asker("a")).await.unwrap();
        passwords.waiting.fetch_add(QUEUE, Ordering::Relaxed);
        assert!(passwords.turn(asker("b")).await.is_err());
        let old = hash("ba con trâu trắng").unwrap();
        assert!(turn.verify("ba con trâu trắng".into(), Some(old)).await.unwrap());
        assert!(turn.hash("k9vx-72mq".into()).await.is_ok());
    }

    #[test]
    fn easy_passwords_are_weak() {
        let context = ["Ia Nan".to_owned(), "0912345678".to_owned(), "làng Tung".to_owned()];
        for weak in [
            "12345678",
            "12345678a",
            "Football1",
            "Kết nghĩa",
            "ketnghia2026",
            "aaaaaaaa",
            "ianan",
            "IaNan2025",
            "0912345678",
            "làng Tung 1",
            "lang tung",
        ] {
            assert!(is_weak(weak, &context), "{weak}");
        }
        for strong in ["ba con trâu trắng", "k9vx-72mq", "ketnghia-demo"] {
            assert!(!is_weak(strong, &context), "{strong}");
        }
    }

    #[test]
    fn one_time_passwords_differ() {
        assert_ne!(one_time().unwrap(), one_time().unwrap());
        assert_eq!(one_time().unwrap().len(), 17);
    }
}
