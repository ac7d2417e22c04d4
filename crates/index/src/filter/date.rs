//! Dates as text: the forms of ISO 8601 that say one moment.

/// Milliseconds from 1970 of `2020-01-31`, `2020-01-31T10:00Z`, `2020-01-31T10:00:00.123Z` or the
/// same with an offset such as `+02:00`. A date alone is its midnight in UTC. Up to 9 digits of a
/// second's fraction are read, of which 3 count. Anything else gives nothing.
pub(super) fn parse_date(text: &str) -> Option<i64> {
    let mut digits = Digits(text.as_bytes());
    let (year, month, day) = digits.date()?;
    let days = days_from_1970(year, month, day);
    if digits.0.is_empty() {
        return Some(days * DAY_MS);
    }
    digits.literal(b'T')?;
    let hour = digits.number(2).filter(|hour| *hour < 24)?;
    digits.literal(b':')?;
    let minute = digits.number(2).filter(|minute| *minute < 60)?;
    let second_ms = if digits.literal(b':').is_some() { digits.second_ms()? } else { 0 };
    let offset = digits.offset_minutes()?;
    digits
        .0
        .is_empty()
        .then_some(days * DAY_MS + hour * HOUR_MS + (minute - offset) * MINUTE_MS + second_ms)
}

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    fn date(&mut self) -> Option<(i64, i64, i64)> {
        let year = self.number(4)?;
        self.literal(b'-')?;
        let month = self.number(2).filter(|month| (1..=12).contains(month))?;
        self.literal(b'-')?;
        let day = self.number(2).filter(|day| (1..=days_of_month(year, month)).contains(day))?;
        Some((year, month, day))
    }

    fn second_ms(&mut self) -> Option<i64> {
        let second = self.number(2).filter(|second| *second < 60)?;
        if self.literal(b'.').is_none() {
            return Some(second * 1000);
        }
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&count) {
            return None;
        }
        let fraction = self.number(count)?;
        let missing = 9 - u32::try_from(count).ok()?;
        Some(second * 1000 + fraction * 10_i64.pow(missing) / 1_000_000)
    }

    fn offset_minutes(&mut self) -> Option<i64> {
        if self.literal(b'Z').is_some() {
            return Some(0);
        }
        let sign = if self.literal(b'+').is_some() { 1 } else { -1 };
        if sign < 0 {
            self.literal(b'-')?;
        }
        let hours = self.number(2).filter(|hours| *hours < 24)?;
        self.literal(b':')?;
        let minutes = self.number(2).filter(|minutes| *minutes < 60)?;
        Some(sign * (hours * 60 + minutes))
    }

    fn literal(&mut self, wanted: u8) -> Option<()> {
        let (byte, rest) = self.0.split_first()?;
        (*byte == wanted).then(|| self.0 = rest)
    }

    fn number(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        self.0 = rest;
        Some(digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
    }
}

fn days_of_month(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of the Gregorian calendar. A year that starts in March has its leap day at its end, which
/// makes the days before a month a plain formula.
fn days_from_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + day_of_year - DAYS_TO_1970
}

/// Days from March 1 of the year 0 to January 1 of 1970.
const DAYS_TO_1970: i64 = 719_468;

#[cfg(test)]
mod tests {
    use super::parse_date;

    #[test]
    fn the_forms_that_are_dates() {
        let dates = [
            ("1970-01-01", 0),
            ("1970-01-01T00:00Z", 0),
            ("1969-12-31T23:59:59.999Z", -1),
            ("2020-01-31", 1_580_428_800_000),
            ("2020-01-31T10:00Z", 1_580_464_800_000),
            ("2020-01-31T10:00:00.123Z", 1_580_464_800_123),
            ("2020-01-31T10:00:00.1Z", 1_580_464_800_100),
            ("2020-01-31T10:00:00.123999999Z", 1_580_464_800_123),
            ("2020-01-31T12:00+02:00", 1_580_464_800_000),
            ("2020-01-31T04:30:00-05:30", 1_580_464_800_000),
            ("2000-02-29", 951_782_400_000),
            ("2000-03-01", 951_868_800_000),
            ("0000-03-01", -62_162_035_200_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ];
        for (text, expected) in dates {
            assert_eq!(parse_date(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn everything_else_is_no_date() {
        let texts = [
            "",
            "2020",
            "2020-1-31",
            "2020-13-01",
            "2020-00-01",
            "2020-02-30",
            "1900-02-29",
            "2020-01-31T10:00",
            "2020-01-31T10Z",
            "2020-01-31 10:00Z",
            "2020-01-31T24:00Z",
            "2020-01-31T10:60Z",
            "2020-01-31T10:00:60Z",
            "2020-01-31T10:00:00.Z",
            "2020-01-31T10:00:00.1234567890Z",
            "2020-01-31T10:00Zx",
            "2020-01-31T10:00+0200",
            "2020-01-31T10:00+24:00",
            "+2020-01-31",
            "2020-01-31Z",
        ];
        for text in texts {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
