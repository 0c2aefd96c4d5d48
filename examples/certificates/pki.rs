//! A CA of one's own, for trying out mutual TLS and for tests. Nothing for production: its keys lie beside its certificates.

use std::{error::Error, fs, path::Path};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType, date_time_ymd,
};

/// What signs.
pub(crate) struct Ca {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate.
    pub(crate) pem: String,
}

/// A certificate and its key.
#[derive(Clone)]
pub(crate) struct Pair {
    /// The certificate.
    pub(crate) cert: String,
    /// The key.
    pub(crate) key: String,
}

impl Ca {
    /// A new one.
    pub(crate) fn new(name: &str) -> Result<Self, Box<dyn Error>> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem })
    }

    /// A server's certificate, for this machine.
    pub(crate) fn server(&self) -> Result<Pair, Box<dyn Error>> {
        let mut params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign("a server", params)
    }

    /// The certificate of a caller with this URI.
    pub(crate) fn caller(&self, uri: &str) -> Result<Pair, Box<dyn Error>> {
        self.sign(uri, caller(vec![SanType::URI(uri.try_into()?)])?)
    }

    /// The certificate of a caller with these DNS names.
    pub(crate) fn caller_by_dns(&self, names: &[&str]) -> Result<Pair, Box<dyn Error>> {
        let names = names.iter().map(|&name| Ok(SanType::DnsName(name.try_into()?)));
        self.sign("by DNS", caller(names.collect::<Result<_, rcgen::Error>>()?)?)
    }

    /// The same as [`Ca::caller`], run out long ago.
    pub(crate) fn expired(&self, uri: &str) -> Result<Pair, Box<dyn Error>> {
        let mut params = caller(vec![SanType::URI(uri.try_into()?)])?;
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
        self.sign(uri, params)
    }

    /// A server's certificate that ran out long ago.
    pub(crate) fn expired_server(&self) -> Result<Pair, Box<dyn Error>> {
        let mut params = CertificateParams::new(["localhost".to_owned()])?;
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
        self.sign("a server", params)
    }

    /// A server's certificate that is valid from the first day of a year.
    pub(crate) fn server_from(&self, year: i32) -> Result<Pair, Box<dyn Error>> {
        let mut params = CertificateParams::new(["localhost".to_owned()])?;
        params.not_before = date_time_ymd(year, 1, 1);
        self.sign("a server", params)
    }

    fn sign(&self, name: &str, mut params: CertificateParams) -> Result<Pair, Box<dyn Error>> {
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate()?;
        Ok(Pair { cert: params.signed_by(&key, &self.issuer)?.pem(), key: key.serialize_pem() })
    }
}

fn caller(names: Vec<SanType>) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.subject_alt_names = names;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params)
}

impl Pair {
    /// Writes `NAME.pem` and `NAME.key`.
    pub(crate) fn write(&self, directory: &Path, name: &str) -> Result<(), Box<dyn Error>> {
        fs::write(directory.join(name).with_extension("pem"), &self.cert)?;
        Ok(fs::write(directory.join(name).with_extension("key"), &self.key)?)
    }
}
