//! The Maven group of an archive without Maven records.
//!
//! A package URL of Maven needs one (purl-spec, type `maven`), and advisories go by it. It is known for artifacts whose
//! builds leave no record; else the manifest names it; else it stands in the file name. Where nothing tells, the
//! artifact's own name is written, as was the habit before groups were domains (`junit:junit`).

use super::file_name::FileName;
use super::manifest::Manifest;

/// Groups by artifact, as published on Maven Central; `*` at the end stands for any rest. The first that fits counts.
const KNOWN: &[(&str, &str)] = &[
    ("ant", "org.apache.ant"),
    ("ant-*", "org.apache.ant"),
    ("antlr", "antlr"),
    ("bcmail-jdk*", "org.bouncycastle"),
    ("bcpg-jdk*", "org.bouncycastle"),
    ("bcpkix-jdk*", "org.bouncycastle"),
    ("bcprov-jdk*", "org.bouncycastle"),
    ("bctls-jdk*", "org.bouncycastle"),
    ("bctsp-jdk*", "org.bouncycastle"),
    ("bcutil-jdk*", "org.bouncycastle"),
    ("cglib", "cglib"),
    ("commons-beanutils", "commons-beanutils"),
    ("commons-chain", "commons-chain"),
    ("commons-cli", "commons-cli"),
    ("commons-codec", "commons-codec"),
    ("commons-collections", "commons-collections"),
    ("commons-configuration", "commons-configuration"),
    ("commons-dbcp", "commons-dbcp"),
    ("commons-digester", "commons-digester"),
    ("commons-discovery", "commons-discovery"),
    ("commons-el", "commons-el"),
    ("commons-fileupload", "commons-fileupload"),
    ("commons-httpclient", "commons-httpclient"),
    ("commons-io", "commons-io"),
    ("commons-jxpath", "commons-jxpath"),
    ("commons-lang", "commons-lang"),
    ("commons-logging", "commons-logging"),
    ("commons-net", "commons-net"),
    ("commons-pool", "commons-pool"),
    ("commons-validator", "commons-validator"),
    ("dom4j", "dom4j"),
    ("elasticsearch", "org.elasticsearch"),
    ("elasticsearch-*", "org.elasticsearch"),
    ("groovy-all", "org.codehaus.groovy"),
    ("grpc-*", "io.grpc"),
    ("hadoop-*", "org.apache.hadoop"),
    ("jackson-core-asl", "org.codehaus.jackson"),
    ("jackson-mapper-asl", "org.codehaus.jackson"),
    ("jasperreports", "net.sf.jasperreports"),
    ("jdom", "jdom"),
    ("junit", "junit"),
    ("junit-jupiter", "org.junit.jupiter"),
    ("junit-jupiter-*", "org.junit.jupiter"),
    ("junit-platform-*", "org.junit.platform"),
    ("kafka-*", "org.apache.kafka"),
    ("kafka_2.*", "org.apache.kafka"),
    ("kotlin-*", "org.jetbrains.kotlin"),
    ("kotlinx-*", "org.jetbrains.kotlinx"),
    ("log4j", "log4j"),
    ("lucene-*", "org.apache.lucene"),
    ("micrometer-*", "io.micrometer"),
    ("mysql-connector-j", "com.mysql"),
    ("mysql-connector-java", "mysql"),
    ("okhttp", "com.squareup.okhttp3"),
    ("okio", "com.squareup.okio"),
    ("okio-jvm", "com.squareup.okio"),
    ("opentelemetry-*", "io.opentelemetry"),
    ("org.eclipse.core.*", "org.eclipse.platform"),
    ("org.eclipse.equinox.*", "org.eclipse.platform"),
    ("org.eclipse.osgi", "org.eclipse.platform"),
    ("org.eclipse.osgi.*", "org.eclipse.platform"),
    ("oro", "oro"),
    ("reactive-streams", "org.reactivestreams"),
    ("reactor-core", "io.projectreactor"),
    ("reactor-netty", "io.projectreactor.netty"),
    ("reactor-netty-*", "io.projectreactor.netty"),
    ("rsocket-*", "io.rsocket"),
    ("servlet-api", "javax.servlet"),
    ("spring-aop", "org.springframework"),
    ("spring-aspects", "org.springframework"),
    ("spring-beans", "org.springframework"),
    ("spring-context", "org.springframework"),
    ("spring-context-*", "org.springframework"),
    ("spring-core", "org.springframework"),
    ("spring-expression", "org.springframework"),
    ("spring-instrument", "org.springframework"),
    ("spring-jcl", "org.springframework"),
    ("spring-jdbc", "org.springframework"),
    ("spring-jms", "org.springframework"),
    ("spring-messaging", "org.springframework"),
    ("spring-orm", "org.springframework"),
    ("spring-oxm", "org.springframework"),
    ("spring-r2dbc", "org.springframework"),
    ("spring-test", "org.springframework"),
    ("spring-tx", "org.springframework"),
    ("spring-web", "org.springframework"),
    ("spring-webflux", "org.springframework"),
    ("spring-webmvc", "org.springframework"),
    ("spring-websocket", "org.springframework"),
    ("spring-amqp", "org.springframework.amqp"),
    ("spring-rabbit*", "org.springframework.amqp"),
    ("spring-batch-*", "org.springframework.batch"),
    ("spring-boot-admin-*", "de.codecentric"),
    ("spring-boot", "org.springframework.boot"),
    ("spring-boot-*", "org.springframework.boot"),
    ("spring-cloud-*", "org.springframework.cloud"),
    ("spring-data-*", "org.springframework.data"),
    ("spring-graphql", "org.springframework.graphql"),
    ("spring-hateoas", "org.springframework.hateoas"),
    ("spring-integration-*", "org.springframework.integration"),
    ("spring-kafka", "org.springframework.kafka"),
    ("spring-ldap-*", "org.springframework.ldap"),
    ("spring-plugin-*", "org.springframework.plugin"),
    ("spring-retry", "org.springframework.retry"),
    ("spring-security-oauth2-autoconfigure", "org.springframework.security.oauth.boot"),
    ("spring-security-oauth2", "org.springframework.security.oauth"),
    ("spring-security-jwt", "org.springframework.security"),
    ("spring-security-*", "org.springframework.security"),
    ("spring-session-*", "org.springframework.session"),
    ("spring-vault-core", "org.springframework.vault"),
    ("spring-webflow", "org.springframework.webflow"),
    ("spring-ws-*", "org.springframework.ws"),
    ("tomcat-embed-*", "org.apache.tomcat.embed"),
    ("tomcat-*", "org.apache.tomcat"),
    ("velocity", "org.apache.velocity"),
    ("velocity-*", "org.apache.velocity"),
    ("wiremock-*", "com.github.tomakehurst"),
    ("xalan", "xalan"),
    ("xercesImpl", "xerces"),
];

/// Attributes that name a group, or what stands for one; the most reliable first.
const ATTRIBUTES: [&str; 8] = [
    "Group-Id",
    "Implementation-Vendor-Id",
    "Bundle-SymbolicName",
    "Extension-Name",
    "Automatic-Module-Name",
    "Implementation-Vendor",
    "Specification-Vendor",
    "Implementation-Title",
];

/// What stands in the manifests of whole organisations, and is the group of none of their artifacts.
const NO_GROUPS: [&str; 3] = ["com.sun", "org.apache", "org.eclipse"];

/// First parts of names that are domains in reverse; groups of packages are named like the packages.
const DOMAINS: [&str; 24] = [
    "at", "be", "ch", "cn", "com", "de", "dev", "edu", "eu", "fr", "gov", "info", "io", "it", "jakarta",
    "javax", "jp", "me", "net", "nl", "org", "pl", "ru", "uk",
];

/// Returns the group of an artifact.
pub(super) fn of(artifact: &str, manifest: Option<&Manifest>, file: &FileName<'_>) -> String {
    let known =
        KNOWN.iter().find(|(pattern, _)| fits(pattern, artifact)).map(|(_, group)| (*group).to_owned());
    let told = || manifest.and_then(|manifest| told(artifact, manifest));
    let named = || file.group().filter(|group| is_domain(group)).map(str::to_owned);
    known.or_else(told).or_else(named).unwrap_or_else(|| artifact.to_owned())
}

fn fits(pattern: &str, artifact: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == artifact, |prefix| artifact.starts_with(prefix))
}

fn told(artifact: &str, manifest: &Manifest) -> Option<String> {
    let name = |key: &&str| {
        let value = manifest.anywhere(key)?;
        let name = value.split([';', '#', '"', ',']).find(|part| !part.is_empty())?.trim();
        let is_group = is_domain(name) && !NO_GROUPS.contains(&name);
        is_group.then(|| without_artifact(name, artifact).to_owned())
    };
    ATTRIBUTES.iter().find_map(name)
}

/// Returns whether a name is a domain in reverse: `org.apache.commons`.
fn is_domain(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    let mut parts = name.split('.');
    parts.next().is_some_and(|first| DOMAINS.contains(&first)) && name.contains('.') && parts.all(is_part)
}

/// Takes the artifact off the end of a symbolic name, which is built from group and artifact (Apache Felix's bundle
/// plugin and bnd): `org.mockito.mockito-core` of `mockito-core` stands for `org.mockito`, and `org.example.log.core`
/// of `log-core` for `org.example.log`. A last part that is the artifact without a dash may belong to the group too,
/// and stays.
fn without_artifact<'a>(name: &'a str, artifact: &str) -> &'a str {
    if !artifact.contains('-') {
        return name;
    }
    if let Some(group) = name.strip_suffix(artifact).and_then(|group| group.strip_suffix('.')) {
        return group;
    }
    let Some((first, rest)) = artifact.split_once('-') else { return name };
    let rest = format!(".{}", rest.replace('-', "."));
    match name.strip_suffix(rest.as_str()) {
        Some(group) if group.ends_with(&format!(".{first}")) => group,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_known_told_or_stand_in_the_name() {
        for (artifact, manifest, path, expected) in [
            (
                "spring-core",
                "Automatic-Module-Name: spring.core\n",
                "spring-core-5.3.1.jar",
                "org.springframework",
            ),
            ("spring-boot-starter-web", "", "a.jar", "org.springframework.boot"),
            ("tomcat-embed-core", "", "a.jar", "org.apache.tomcat.embed"),
            ("mockito-core", "Bundle-SymbolicName: org.mockito.mockito-core\n", "a.jar", "org.mockito"),
            (
                "log-core",
                "Bundle-SymbolicName: org.example.log.core;singleton:=true\n",
                "a.jar",
                "org.example.log",
            ),
            ("guava", "Bundle-SymbolicName: com.google.guava\n", "guava.jar", "com.google.guava"),
            (
                "x",
                "Implementation-Vendor-Id: org.hibernate\nBundle-SymbolicName: a.b\n",
                "x.jar",
                "org.hibernate",
            ),
            ("x", "Implementation-Title: compiler\nImplementation-Vendor: Oracle\n", "x.jar", "x"),
            ("io", "", "org.apache.commons.io-2.4.jar", "org.apache.commons"),
            (
                "chain",
                "Implementation-Vendor-Id: org.apache\nExtension-Name: chain\n",
                "chain-1.jar",
                "chain",
            ),
            ("x", "Bundle-SymbolicName: com..x\n", "x.jar", "x"),
            ("x", "Bundle-SymbolicName: \n", "x.jar", "x"),
        ] {
            let manifest = Manifest::parse(manifest.as_bytes());
            assert_eq!(of(artifact, Some(&manifest), &FileName::of(path)), expected, "{artifact} {path}");
        }
    }

    #[test]
    fn the_first_pattern_that_fits_is_the_longest_one() {
        for (index, (pattern, _)) in KNOWN.iter().enumerate() {
            let hidden =
                KNOWN[index + 1..].iter().find(|(later, _)| fits(pattern, later.trim_end_matches('*')));
            assert_eq!(hidden, None, "hidden by {pattern}");
        }
    }
}
