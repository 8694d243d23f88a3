//! What Grype's database says of vulnerabilities whatever package has them: NVD's scores, CISA's catalogue of exploited
//! ones, and the Exploit Prediction Scoring System.

use super::{
    database::{Column, Database, Documents},
    document::{RawExploited, RawVulnerability},
    instant, value,
};
use crate::advisory::record::{Content, EpssStatement, ExploitedStatement, Note, identifier, shown};

/// Reads every note. What is wrong with one is named.
pub(super) fn read(database: &Database, content: &mut Content) -> Result<(), String> {
    let mut documents = Documents::new(database)?;
    scores(database, &mut documents, content)?;
    exploited(database, &mut documents, content)?;
    epss(database, content)
}

fn add(content: &mut Content, cve: &str, table: &str, note: Result<Note, String>) {
    match identifier(cve).and(note) {
        Ok(note) if note == Note::default() => {}
        Ok(note) => content.notes.entry(cve.to_owned()).or_default().add(note),
        Err(why) => content.broken.push((format!("{table} {}", shown(cve)), why)),
    }
}

/// Reads the vulnerabilities of NVD, which are about no package.
fn scores(database: &Database, documents: &mut Documents<'_>, content: &mut Content) -> Result<(), String> {
    let table = "vulnerability_handles";
    let columns = [
        Column::Text("provider_id"),
        Column::Text("name"),
        Column::Text("status"),
        Column::Number("blob_id"),
    ];
    database.each(table, &columns, &mut |_, row| {
        if value::<String>(row, 1).as_deref() == Some("nvd") {
            let cve: String = value(row, 2).unwrap_or_default();
            let rejected = value::<String>(row, 3).as_deref() == Some("rejected");
            let document = documents.read::<RawVulnerability>(value(row, 4));
            let severities = document.and_then(|document| document.severities(None));
            let note = severities.map(|severities| Note { rejected, severities, ..Note::default() });
            add(content, &cve, table, note);
        }
        Ok(())
    })
}

fn exploited(
    database: &Database,
    documents: &mut Documents<'_>,
    content: &mut Content,
) -> Result<(), String> {
    let table = "known_exploited_vulnerability_handles";
    database.each(table, &[Column::Text("cve"), Column::Number("blob_id")], &mut |_, row| {
        let cve: String = value(row, 1).unwrap_or_default();
        let note = documents.read::<RawExploited>(value(row, 2)).and_then(|document| {
            let since = instant(&document.date_added).ok_or("it does not say since when")?.date();
            let ransomware = document.known_ransomware_campaign_use.eq_ignore_ascii_case("known");
            let exploited = vec![ExploitedStatement { by: "CISA KEV".to_owned(), since, ransomware }];
            Ok(Note { exploited, ..Note::default() })
        });
        add(content, &cve, table, note);
        Ok(())
    })
}

fn epss(database: &Database, content: &mut Content) -> Result<(), String> {
    let (table, mut date) = ("epss_handles", None);
    database.each("epss_metadata", &[Column::Text("date")], &mut |_, row| {
        date = value::<String>(row, 1).as_deref().and_then(instant).max(date);
        Ok(())
    })?;
    let date = date.map(crate::model::Instant::date);
    let columns = [Column::Text("cve"), Column::Real("epss"), Column::Real("percentile")];
    database.each(table, &columns, &mut |_, row| {
        let cve: String = value(row, 1).unwrap_or_default();
        let date = date.clone().ok_or("the day of the scores is missing")?;
        let (score, percentile) = (share(value(row, 2)), share(value(row, 3)));
        let epss = score.zip(percentile).map(|(score, percentile)| EpssStatement { date, score, percentile });
        let note = epss.ok_or_else(|| "a score that is none".to_owned());
        add(content, &cve, table, note.map(|epss| Note { epss: Some(epss), ..Note::default() }));
        Ok(())
    })
}

/// Writes a share between 0 and 1 with the five digits that EPSS publishes.
fn share(number: Option<f64>) -> Option<String> {
    number.filter(|number| (0.0..=1.0).contains(number)).map(|number| format!("{number:.5}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_five_digits() {
        for (number, expected) in [
            (0.0, Some("0.00000")),
            (0.944_1, Some("0.94410")),
            (1.0, Some("1.00000")),
            (1.1, None),
            (-0.1, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(share(Some(number)).as_deref(), expected, "{number}");
        }
        assert_eq!(share(None), None);
    }
}
