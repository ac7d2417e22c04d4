//! The options of one opening, as they come: a MessagePack map of what was given. Defaults and
//! ranges are the store's.

use rmp::Marker;
use std::path::PathBuf;
use sutra_format::graph_file::Quantization;
use sutra_format::msgpack::Reader;
use sutra_format::{Limits, Metric, Refusal};
use sutra_shard::text::PaceOptions;
use sutra_shard::vector::GraphOptions;
use sutra_shard::{Durability, Error};
use sutra_store::{Language, Store, StoreOptions};

/// What was given; the rest is the folder's or the store's to decide.
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenOptions {
    pub(crate) path: PathBuf,
    texts: Vec<(String, String)>,
    numbers: Vec<(String, f64)>,
    read_only: bool,
}

impl OpenOptions {
    /// Reads the map.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Refusal> {
        let unexpected = |_| Refusal::invalid("options", "not the map of options expected");
        let mut reader = Reader::new(bytes);
        let mut options = Self::default();
        for _ in 0..reader.map().map_err(unexpected)? {
            let name = reader.str().map_err(unexpected)?.to_owned();
            let mut ahead = reader.clone();
            if let Ok(number) = ahead.number() {
                options.numbers.push((name, number.to_f64()));
                reader = ahead;
            } else if name == "readOnly" {
                options.read_only = reader.marker().map_err(unexpected)? == Marker::True;
            } else {
                let text = reader.str().map_err(unexpected)?.to_owned();
                if name == "path" {
                    options.path = text.into();
                } else {
                    options.texts.push((name, text));
                }
            }
        }
        Ok(options)
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.numbers.iter().find(|(other, _)| other == name).map(|(_, number)| *number)
    }

    /// `src/options.ts` checked that it is whole and in range; what is not becomes the nearest
    /// number that is, and the store checks the range again.
    #[expect(clippy::cast_sign_loss, reason = "see above")]
    fn whole(&self, name: &str) -> Option<u64> {
        self.number(name).map(|number| number as u64)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.texts.iter().find(|(other, _)| other == name).map(|(_, text)| text.as_str())
    }

    /// As the store takes them.
    pub(crate) fn store_options(&self) -> StoreOptions {
        let whole = |name: &str| self.whole(name);
        let small = |name: &str| whole(name).map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        let standard = StoreOptions::default();
        let metrics = [Metric::Cosine, Metric::Dot, Metric::L2];
        let durabilities = [Durability::Fsync, Durability::Os, Durability::None];
        let metric = self.text("metric");
        let durability = self.text("durability");
        StoreOptions {
            vector_dimension: small("vectorDimension"),
            metric: metrics.into_iter().find(|known| Some(known.name()) == metric),
            shards: small("shards"),
            durability: durabilities
                .into_iter()
                .find(|known| Some(known.name()) == durability)
                .unwrap_or(standard.durability),
            read_only: self.read_only,
            memory_threshold: whole("memoryThreshold").unwrap_or(standard.memory_threshold),
            memory_bytes_max: whole("memoryBytesMax"),
            history_keep_ms: whole("historyKeepMs"),
            write_timeout_ms: whole("writeTimeoutMs").unwrap_or(standard.write_timeout_ms),
            limits: self.limits(),
            queue_capacity: whole("queueCapacity")
                .map_or(standard.queue_capacity, |number| number as usize),
            graphs: GraphOptions {
                quantization: Quantization::ALL
                    .into_iter()
                    .find(|known| Some(known.name()) == self.text("quantization"))
                    .unwrap_or(standard.graphs.quantization),
                connectivity: small("connectivity").unwrap_or(standard.graphs.connectivity),
                expansion: small("efConstruction").unwrap_or(standard.graphs.expansion),
            },
            ef_search: small("efSearch").unwrap_or(standard.ef_search),
            language: self.text("language").and_then(Language::from_name),
            pace: self.pace(),
        }
    }

    fn pace(&self) -> PaceOptions {
        let mut pace = PaceOptions::default();
        #[expect(clippy::cast_sign_loss, reason = "`src/options.ts` checked the range")]
        for (name, interval_us) in [
            ("intervalMsMin", &mut pace.interval_us_min),
            ("intervalMsBase", &mut pace.interval_us_base),
            ("intervalMsMax", &mut pace.interval_us_max),
        ] {
            if let Some(number) = self.number(name) {
                *interval_us = (number * 1000.0) as u64;
            }
        }
        for (name, share) in [
            ("emaAlpha", &mut pace.ema_alpha),
            ("queueWarning", &mut pace.queue_warning),
            ("queueCritical", &mut pace.queue_critical),
        ] {
            *share = self.number(name).unwrap_or(*share);
        }
        pace.queue_capacity = self.whole("queueCapacity").unwrap_or(pace.queue_capacity);
        pace
    }

    /// Nothing if no limit was given.
    fn limits(&self) -> Option<Limits> {
        let limit = |name: &str| self.whole(name).map(|number| number as usize);
        let mut limits = Limits::default();
        if let Some(dimension) = limit("vectorDimension") {
            limits.vector_dimension_max = limits.vector_dimension_max.max(dimension);
        }
        let mut is_given = false;
        for (name, place) in [
            ("contentBytesMax", &mut limits.content_bytes_max),
            ("vectorDimensionMax", &mut limits.vector_dimension_max),
            ("batchOperationsMax", &mut limits.batch_operations_max),
            ("frameBytesMax", &mut limits.frame_bytes_max),
            ("pathHopsMax", &mut limits.path_hops_max),
            ("searchKMax", &mut limits.search_k_max),
            ("attributesBytesMax", &mut limits.attributes_bytes_max),
        ] {
            if let Some(value) = limit(name) {
                *place = value;
                is_given = true;
            }
        }
        is_given.then_some(limits)
    }

    /// Refuses what differs from how the same store was opened by another handle.
    pub(crate) fn check_against(&self, store: &Store) -> Result<(), Error> {
        let asked = self.store_options();
        let (opened, meta) = (store.options(), store.meta());
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        let name = |name: Option<&str>| name.map(str::to_owned);
        let bytes = opened.memory_bytes_max;
        let mut pairs = vec![
            (
                "vectorDimension",
                number(asked.vector_dimension.map(u64::from)),
                number(Some(meta.vector_dimension.into())),
            ),
            ("metric", name(asked.metric.map(Metric::name)), name(Some(meta.metric.name()))),
            ("durability", name(self.text("durability")), name(Some(opened.durability.name()))),
            ("readOnly", Some(asked.read_only.to_string()), Some(opened.read_only.to_string())),
            (
                "memoryThreshold",
                self.shown("memoryThreshold"),
                number(Some(opened.memory_threshold)),
            ),
            ("memoryBytesMax", self.shown("memoryBytesMax"), number(bytes)),
            ("history.keepMs", self.shown("historyKeepMs"), number(opened.history_keep_ms)),
            (
                "vectorIndex.quantization",
                name(self.text("quantization")),
                name(Some(opened.graphs.quantization.name())),
            ),
            (
                "vectorIndex.connectivity",
                self.shown("connectivity"),
                number(Some(opened.graphs.connectivity.into())),
            ),
            (
                "vectorIndex.efConstruction",
                self.shown("efConstruction"),
                number(Some(opened.graphs.expansion.into())),
            ),
            (
                "textIndex.language",
                name(self.text("language")),
                name(Some(opened.language.map_or("none", Language::name))),
            ),
            ("vectorIndex.efSearch", self.shown("efSearch"), number(Some(opened.ef_search.into()))),
        ];
        for (limit, opened) in store.limits().named() {
            let option = limit.trim_start_matches("limits.");
            pairs.push((limit, self.shown(option), number(Some(opened as u64))));
        }
        let differing =
            pairs.into_iter().filter(|(_, asked, opened)| asked.is_some() && asked != opened);
        let problems: Vec<_> = differing
            .map(|(option, asked, opened)| {
                let [asked, opened] = [asked, opened].map(|value| value.unwrap_or("none".into()));
                let message = format!("{asked}, but this process has the store open with {opened}");
                Refusal::invalid(option, message)
            })
            .collect();
        if problems.is_empty() { Ok(()) } else { Err(Error::Config(problems)) }
    }

    fn shown(&self, name: &str) -> Option<String> {
        self.number(name).map(|number| number.to_string())
    }
}
