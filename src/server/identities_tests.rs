use super::*;
use crate::{
    domain::CspRegion,
    server::{Config, Flags},
};

const TLS: [(&str, &str); 3] = [("TLS_CERT", "a"), ("TLS_KEY", "b"), ("TLS_CLIENT_CA", "c")];

fn read(variables: &[(&str, &str)]) -> Result<Identities, String> {
    let variables = variables.iter().map(|(key, value)| (format!("WAN_MATRIX_{key}"), (*value).to_owned()));
    let config = Config::read(Flags::default(), variables).map_err(|error| error.to_string())?;
    Ok((*config.identities).clone())
}

fn known(text: &str) -> Result<Identities, String> {
    read(&[&TLS[..], &[("IDENTITIES", text)]].concat())
}

#[test]
fn names_are_mapped_to_roles() {
    let identities = known(
        r#"[
            { uri = "spiffe://dcc.example/planner", roles = ["planner"] },
            { dns = "CSP.example", roles = ["csp", "planner"], regions = ["central", "4G South"] },
            { uri = "urn:ops", roles = ["operator"] },
        ]"#
        .replace('\n', " ")
        .as_str(),
    )
    .unwrap();
    assert_eq!(identities.of(&San::uri("spiffe://dcc.example/planner")), Some(&Roles::PLANNER));
    let csp = Roles::csp(&[CspRegion::Central, CspRegion::South4G]).and(&Roles::PLANNER);
    assert_eq!(identities.of(&San::dns("csp.EXAMPLE")), Some(&csp));
    assert_eq!(identities.of(&San::uri("urn:ops")), Some(&Roles::OPERATOR));
    // A URI is not a DNS name, and is compared byte for byte.
    for stranger in [San::dns("urn:ops"), San::uri("URN:ops"), San::uri("csp.example")] {
        assert_eq!(identities.of(&stranger), None, "{stranger:?}");
    }
    assert_eq!(identities.without_certificate("127.0.0.1".parse().unwrap()), &Roles::NONE);
}

#[test]
fn a_mistake_is_refused_and_never_guessed_at() {
    let told: Vec<_> = [
        "[{ roles = ['planner'] }]",
        "[{ uri = 'urn:a', dns = 'a', roles = ['planner'] }]",
        "[{ uri = 'no-scheme', roles = ['planner'] }]",
        "[{ dns = '', roles = ['planner'] }]",
        "[{ dns = 'a', roles = [] }]",
        "[{ dns = 'a' }]",
        "[{ dns = 'a', roles = ['admin'] }]",
        "[{ dns = 'a', roles = 'planner' }]",
        "[{ dns = 'a', roles = ['csp'] }]",
        "[{ dns = 'a', roles = ['planner'], regions = ['north'] }]",
        "[{ dns = 'a', roles = ['csp'], regions = ['wales'] }]",
        "[{ dns = 'a', role = ['planner'], roles = ['planner'], regions = [], x = 1 }]",
        "[{ dns = 'a', roles = ['planner'], user_role = ['IS'] }]",
        "[{ dns = 'a', roles = ['planner'], user_roles = ['IS', 'gs'] }]",
        "[{ dns = 'a', roles = ['planner'], user_roles = ['Import Supplier'] }]",
        "[{ dns = 'a', roles = ['planner'], user_roles = 'IS' }]",
        "[{ dns = 'a', roles = ['planner'], user_roles = [] }]",
        "[{ dns = 'a', roles = ['operator'], user_roles = ['IS'] }]",
        "[{ dns = 'a', roles = ['planner'] }, { dns = 'A', roles = ['operator'] }]",
        "{ dns = 'a', roles = ['planner'] }",
        "planner",
    ]
    .into_iter()
    .map(|wrong| {
        let error = known(wrong).unwrap_err();
        let said =
            error.strip_prefix("WAN_MATRIX_IDENTITIES: identities").unwrap_or_else(|| panic!("{wrong}: {error}"));
        format!("{wrong}\n    {said}")
    })
    .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_planner_may_have_user_roles_and_is_known_also_in_those_that_may_not_ask() {
    let identities = known(
        "[{ dns = 'a', roles = ['planner'], user_roles = ['IS', 'GS'] }, \
          { dns = 'b', roles = ['planner', 'csp'], regions = ['north'], user_roles = ['XY'] }, \
          { dns = 'c', roles = ['planner'] }, \
          { dns = 'd', roles = ['planner', 'operator'], user_roles = ['XY'] }]",
    )
    .unwrap();
    let shown = ["a", "b", "c", "d"].map(|name| identities.of(&San::dns(name)).unwrap().to_string());
    assert_eq!(shown, ["planner:GS+IS", "planner:XY, csp:north", "planner", "operator, planner:XY"]);
    let noted: Vec<_> = identities.not_eligible().collect();
    insta::assert_snapshot!(noted.join("\n"), @"b is planner:XY, csp:north: Service Request 12.1 is for the User Roles IS, ES, GS, RSA, ED, GT, OU, and not for XY");
}

#[test]
fn what_could_never_work_is_said_at_the_start() {
    for (variables, said) in [
        (&[("IDENTITIES", "[{ dns = 'a', roles = ['planner'] }]")][..], "nobody can show a certificate"),
        (&TLS[..2], "nobody could call"),
        (&TLS[..1], "tls.key is missing"),
        (&TLS[1..2], "tls.cert is missing"),
        (&TLS[2..], "tls.cert and tls.key are missing"),
        (&[("ACCESS_WITHOUT_CERTIFICATE", "csp")], "access.without_certificate is \"csp\"; expected none, or any of"),
        (
            &[("ACCESS_WITHOUT_CERTIFICATE", "none,operator")],
            "expected none, or any of planner, operator and csp:REGION",
        ),
    ] {
        let error = read(variables).unwrap_err();
        assert!(error.contains(said), "{variables:?}: {error}");
    }
    assert!(read(&[&TLS[..2], &[("ACCESS_WITHOUT_CERTIFICATE", "planner")]].concat()).is_ok());
}

#[test]
fn without_a_certificate_this_machine_is_an_operator_only_without_tls_and_where_nothing_else_is_said() {
    let here = "127.0.0.1".parse().unwrap();
    let elsewhere = "192.0.2.1".parse().unwrap();
    let without = |value| ("ACCESS_WITHOUT_CERTIFICATE", value);
    let north_and_planner = Roles::csp(&[CspRegion::North]).and(&Roles::PLANNER);
    for (variables, local, remote) in [
        (vec![], Roles::OPERATOR, Roles::PLANNER),
        (vec![without("none")], Roles::NONE, Roles::NONE),
        (vec![without("csp:north, planner")], north_and_planner.clone(), north_and_planner),
        (TLS.to_vec(), Roles::NONE, Roles::NONE),
        ([&TLS[..], &[without("planner")]].concat(), Roles::PLANNER, Roles::PLANNER),
    ] {
        let identities = read(&variables).unwrap();
        let roles = (identities.without_certificate(here), identities.without_certificate(elsewhere));
        assert_eq!(roles, (&local, &remote), "{variables:?}");
        assert_eq!(identities.without_certificate("::ffff:127.0.0.1".parse().unwrap()), &local);
    }
}
