//! What each method asks of its caller: one table, and whatever is not in it is not served.
//!
//! The table speaks of roles. Which regions' loads are a CSP's business is seen from the request itself, in `grpc/`.

use std::{convert::Infallible, future::Future, sync::Arc};

use http::{Request, Response};
use tonic::{Status, body::Body};
use tower::{Service, service_fn};

use crate::{
    duis::RoleNotEligible,
    grpc::{self, Caller, Roles},
    loads::{Denied, Loads},
};

use super::{identities::Open, live::Live};

/// What a method asks of its caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rule {
    /// Service Request 12.1: a planner in a User Role that may send it.
    Request,
    /// What stands around it, and is of no location: a planner.
    Ask,
    /// A CSP, for loads of its own regions.
    Load,
    /// As `access.health` says.
    Health,
    /// As `access.reflection` says.
    Reflection,
}

/// Every method that is served. An operator may use all of them.
const RULES: [(&str, Rule); 15] = [
    ("/wanmatrix.v1.WanMatrixService/RequestWanMatrix", Rule::Request),
    ("/wanmatrix.v1.WanMatrixService/BatchRequestWanMatrix", Rule::Request),
    ("/wanmatrix.v1.WanMatrixService/RequestWanMatrixDuis", Rule::Request),
    ("/wanmatrix.v1.WanMatrixService/ListWanVariants", Rule::Ask),
    ("/wanmatrix.v1.WanMatrixService/ListActiveCoverage", Rule::Ask),
    ("/wanmatrix.v1.CoverageLoadService/SubmitCoverageLoad", Rule::Load),
    ("/wanmatrix.v1.CoverageLoadService/GetCoverageLoad", Rule::Load),
    ("/wanmatrix.v1.CoverageLoadService/ListCoverageLoads", Rule::Load),
    ("/wanmatrix.v1.CoverageLoadService/ActivateCoverageLoad", Rule::Load),
    ("/wanmatrix.v1.CoverageLoadService/StreamCoverageRejects", Rule::Load),
    ("/wanmatrix.v1.CoverageLoadService/StreamCoverageChanges", Rule::Load),
    ("/grpc.health.v1.Health/Check", Rule::Health),
    ("/grpc.health.v1.Health/Watch", Rule::Health),
    ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Rule::Reflection),
    ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Rule::Reflection),
];

/// Why a call goes no further.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Refused {
    /// There is no such method.
    NotServed,
    /// Who are you?
    Unknown,
    /// Not yours.
    NotAllowed,
    /// Not in that User Role.
    NotEligible(RoleNotEligible),
}

/// `inner`, for those who may.
pub(super) fn guarded<S>(
    live: Live,
    loads: Arc<Loads>,
    inner: S,
) -> impl Service<
    Request<Body>,
    Response = Response<Body>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<Body>, Infallible>> + Send,
> + Clone
+ Send
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send,
{
    let mut inner = inner;
    service_fn(move |request: Request<Body>| {
        let answer = match refused(&request, &live, &loads) {
            None => Ok(inner.call(request)),
            Some(status) => Err(Box::new(status)),
        };
        async move {
            match answer {
                Ok(answer) => answer.await,
                Err(status) => Ok(status.into_http()),
            }
        }
    })
}

fn refused(request: &Request<Body>, live: &Live, loads: &Arc<Loads>) -> Option<Status> {
    let nobody;
    let caller = match request.extensions().get::<Arc<Caller>>() {
        Some(caller) => caller,
        None => {
            nobody = Arc::new(Caller::of_address(None, Roles::NONE));
            &nobody
        }
    };
    let path = request.uri().path();
    let config = live.load();
    let refused = judge(path, caller, config.identities.health, config.identities.reflection).err()?;
    let method = path.rsplit('/').next().unwrap_or_default();
    let name = caller.name();
    let (what, status): (String, fn(String) -> Status) = match &refused {
        // As tonic answers for a method that is not there.
        Refused::NotServed => return Some(Status::unimplemented("")),
        Refused::Unknown => (
            format!("{method} is for callers who are known here, and this one shows no client certificate"),
            Status::unauthenticated,
        ),
        Refused::NotAllowed if caller.roles().any() => {
            (format!("{name} is {} here, and may not {method}", caller.roles()), Status::permission_denied)
        }
        Refused::NotAllowed => (format!("{name} is not known here"), Status::permission_denied),
        Refused::NotEligible(why) => {
            (format!("{name} is {} here, and may not {method}: {why}", caller.roles()), grpc::user_role_not_eligible)
        }
    };
    loads.denied(Denied { by: name, method, unauthenticated: refused == Refused::Unknown, why: &what });
    Some(status(what))
}

fn judge(path: &str, caller: &Caller, health: Open, reflection: Open) -> Result<(), Refused> {
    let (_, rule) = RULES.iter().find(|(served, _)| *served == path).ok_or(Refused::NotServed)?;
    let roles = caller.roles();
    let open = |open| match open {
        Open::Anyone => true,
        Open::Known => roles.any(),
        Open::Operator => roles.operator,
    };
    let may = match rule {
        Rule::Request | Rule::Ask => roles.may_ask(),
        Rule::Load => roles.may_load(),
        Rule::Health => open(health),
        Rule::Reflection => open(reflection),
    };
    match may {
        true if *rule == Rule::Request => roles.may_request().map_err(Refused::NotEligible),
        true => Ok(()),
        false if caller.is_certified() || roles.any() => Err(Refused::NotAllowed),
        false => Err(Refused::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use prost_reflect::DescriptorPool;

    use crate::{duis::UserRole, grpc::DESCRIPTORS};

    use super::*;

    /// A new method without a rule fails here, and so does a rule whose method is gone.
    #[test]
    fn every_method_that_is_served_has_its_rule() {
        let mut methods: Vec<String> = [
            DESCRIPTORS,
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ]
        .into_iter()
        .flat_map(|set| DescriptorPool::decode(set).unwrap().services().collect::<Vec<_>>())
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| format!("/{}/{}", method.parent_service().full_name(), method.name()))
        .collect();
        let mut ruled: Vec<_> = RULES.iter().map(|(path, _)| (*path).to_owned()).collect();
        methods.sort();
        ruled.sort();
        assert_eq!(methods, ruled, "the descriptors on the left, the rules on the right");
    }

    #[test]
    fn what_has_no_rule_is_not_served_to_anybody() {
        let operator = Caller::of_address(None, Roles::OPERATOR);
        for path in ["/wanmatrix.v1.WanMatrixService/DropEverything", "/", "", "/wanmatrix.v1.WanMatrixService/"] {
            assert_eq!(judge(path, &operator, Open::Anyone, Open::Anyone), Err(Refused::NotServed), "{path}");
        }
    }

    /// A question about a location, or many, is SR12.1; the tables beside it are not.
    #[test]
    fn what_is_asked_of_a_location_asks_for_a_user_role() {
        let asked: Vec<_> = RULES.iter().filter(|(_, rule)| *rule == Rule::Request).map(|(path, _)| *path).collect();
        let of_locations = |path: &String| path.contains("RequestWanMatrix");
        let pool = DescriptorPool::decode(DESCRIPTORS).unwrap();
        let service = pool.get_service_by_name("wanmatrix.v1.WanMatrixService").unwrap();
        let methods = service.methods().map(|method| format!("/{}/{}", service.full_name(), method.name()));
        assert_eq!(asked.len(), methods.filter(of_locations).count());
        let planner = |user_roles: &[&str]| {
            let user_roles = user_roles.iter().map(|role| role.parse::<UserRole>().unwrap()).collect();
            Caller::certified("planner".to_owned(), None, Roles::planner_as(user_roles))
        };
        for (path, rule) in RULES.iter().filter(|(_, rule)| matches!(rule, Rule::Request | Rule::Ask)) {
            for user_roles in [&[][..], &["IS"], &["XY", "OU"]] {
                assert_eq!(
                    judge(path, &planner(user_roles), Open::Anyone, Open::Known),
                    Ok(()),
                    "{path} {user_roles:?}"
                );
            }
            let refused = judge(path, &planner(&["XY"]), Open::Anyone, Open::Known);
            assert_eq!(matches!(refused, Err(Refused::NotEligible(_))), *rule == Rule::Request, "{path}: {refused:?}");
        }
    }

    #[test]
    fn health_and_reflection_are_as_open_as_they_are_said_to_be() {
        let nobody = Caller::of_address(None, Roles::NONE);
        let stranger = Caller::certified("stranger".to_owned(), None, Roles::NONE);
        let planner = Caller::certified("planner".to_owned(), None, Roles::PLANNER);
        let operator = Caller::certified("operator".to_owned(), None, Roles::OPERATOR);
        let health = "/grpc.health.v1.Health/Check";
        let reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
        for (open, may) in [
            (Open::Anyone, [true, true, true, true]),
            (Open::Known, [false, false, true, true]),
            (Open::Operator, [false, false, false, true]),
        ] {
            for (caller, may) in [&nobody, &stranger, &planner, &operator].into_iter().zip(may) {
                // The other is closed, so that each is seen to follow its own setting.
                let asked = [
                    judge(health, caller, open, Open::Operator).is_ok(),
                    judge(reflection, caller, Open::Operator, open).is_ok(),
                ];
                assert_eq!(asked, [may; 2], "{open:?} {caller:?}");
            }
        }
        assert_eq!(judge(health, &nobody, Open::Known, Open::Known), Err(Refused::Unknown));
        assert_eq!(judge(health, &stranger, Open::Known, Open::Known), Err(Refused::NotAllowed));
    }
}
