//! `sutra-sim`: runs simulated crash histories of the storage engine.

use std::panic;
use std::process::ExitCode;

use sutra_sim::{Bug, Campaign, run_all_merged, run_all_short, trace};

const USAGE: &str = "\
Runs simulated crash histories of the storage engine; exit code 1 if one fails.

  sutra-sim [--seeds N] [--from N] [--threads N] [--bug NAME]
  sutra-sim --seed N [--bug NAME] [--trace]   repeats one history
  sutra-sim --exhaustive N            all histories of at most N batches, all crash points

  --seeds N    histories to run (default 10000)
  --from N     first seed (default 0)
  --threads N  threads (default 2)
  --bug NAME   switches a planted bug on; the histories must then fail
  --trace      prints every call of the shortened history
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let request = match parse(&arguments) {
        Ok(Some(request)) => request,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("{problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    // A panic of the engine is a finding and reported as one, not thousands of times on the way.
    panic::set_hook(Box::new(|_| {}));
    let found = if let Some(length) = request.exhaustive {
        let bug = request.campaign.bug;
        // A batch that is flushed and merged takes several times as many operations.
        let length_merged = length.div_ceil(2);
        let runs = run_all_short(length, bug).and_then(|runs| {
            println!("{runs} runs of histories of at most {length} batches");
            run_all_merged(length_merged, bug)
        });
        if let Ok(runs) = &runs {
            println!("{runs} runs of at most {length_merged} batches, each flushed and merged");
        }
        runs.err().map(|found| *found)
    } else {
        let summary = request.campaign.run();
        println!("{summary}");
        summary.found
    };
    let Some(found) = found else { return ExitCode::SUCCESS };
    println!("{found}");
    if request.trace {
        // The outcome is the failure just printed.
        let _ = trace(&found.shrunk.plan, found.bug);
    }
    ExitCode::from(1)
}

struct Request {
    campaign: Campaign,
    exhaustive: Option<u32>,
    trace: bool,
}

fn parse(arguments: &[String]) -> Result<Option<Request>, String> {
    let campaign = Campaign { from: 0, seeds: 10_000, threads: 2, bug: None };
    let mut request = Request { campaign, exhaustive: None, trace: false };
    let campaign = &mut request.campaign;
    let mut rest = arguments.iter();
    while let Some(name) = rest.next() {
        match name.as_str() {
            "--help" | "-h" => return Ok(None),
            "--trace" => {
                request.trace = true;
                continue;
            }
            _ => {}
        }
        let value = rest.next().ok_or_else(|| format!("{name} needs a value"))?;
        let number = || value.parse::<u64>().map_err(|_| format!("{name}: {value} is no number"));
        match name.as_str() {
            "--seeds" => campaign.seeds = number()?,
            "--from" => campaign.from = number()?,
            "--threads" => campaign.threads = number()?.clamp(1, 256) as usize,
            "--seed" => (campaign.from, campaign.seeds) = (number()?, 1),
            "--exhaustive" => request.exhaustive = Some(number()?.min(8) as u32),
            "--bug" => {
                let bug = Bug::named(value).ok_or_else(|| {
                    let names: Vec<_> = Bug::ALL.iter().map(|(name, _)| *name).collect();
                    format!("{value} is not one of {}", names.join(", "))
                })?;
                campaign.bug = Some(bug);
            }
            _ => return Err(format!("unknown option {name}")),
        }
    }
    Ok(Some(request))
}
