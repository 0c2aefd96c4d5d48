# shellcheck shell=bash
# The cases of tests/smoke.sh: name, exit, method, request. grpcurl's exit is 64 + the status code: 67 INVALID_ARGUMENT,
# 69 NOT_FOUND, 70 ALREADY_EXISTS, 71 PERMISSION_DENIED, 73 FAILED_PRECONDITION, 74 ABORTED, 80 UNAUTHENTICATED.
# The area AA is not allocated: its sandbox postcodes are described in data/sample/README.md.

readonly matrix=wanmatrix.v1.WanMatrixService loads=wanmatrix.v1.CoverageLoadService
readonly health=grpc.health.v1.Health/Check
# In the past, so that it is never the day of the run.
readonly visit='"asOfDate": "2026-01-15"'

# postcode NAME EXIT POSTCODE: one location, seen from a fixed day.
postcode() { ask "$1" "$2" $matrix/RequestWanMatrix "{\"location\": {\"postcode\": \"$3\"}, $visit}"; }
# request NAME EXIT REQUEST
request() { ask "$1" "$2" $matrix/RequestWanMatrix "$3"; }
batch() { ask "$1" "$2" $matrix/BatchRequestWanMatrix "$3"; }

# base64_of_hex HEX: of the bytes the digits stand for, as JSON has them.
base64_of_hex() { printf "$(sed 's/../\\x&/g' <<<"$1")" | base64 | tr -d '\n'; }
digest() { sha256sum "$1" | cut -d ' ' -f 1; }

# submission FILE REGION ISSUE_TIME [MORE [SHA256]]: the messages of one SubmitCoverageLoad. MORE is added to the header;
# SHA256, in base64, is announced in place of the file's own.
submission() {
    printf '{"header": {"cspRegion": "%s", "issueTime": "%s", "reference": "smoke", "sha256": "%s"%s}}\n' \
        "$2" "$3" "${5-$(base64_of_hex "$(digest "$1")")}" "${4:+, $4}"
    printf '{"chunk": "%s"}\n' "$(base64 <"$1" | tr -d '\n')"
}
submit() { ask "$1" "$2" $loads/SubmitCoverageLoad "$3"; }

# --- A server over the sample ---------------------------------------------------------------------------------------
start sample --sample

# The line that `serve` prints works when pasted.
pasted="$(grep -m 1 -o 'grpcurl .*' "$log" || true)"
status=0
bash -c "${pasted:-false}" >"$work/pasted.txt" 2>&1 </dev/null || status=$?
compare serve_prints_a_line_to_paste "$status" "$pasted" "$work/pasted.txt"

# The five answers, and what may stand beside them.
postcode confirmed_available            0 'AA1 1AA'
postcode confirmed_available_any_case   0 ' aa1  1aa'
postcode unknown_from_a_space           0 'AA2 1AA'
postcode unknown_as_such                0 'AA2 1AD'
postcode unknown_from_an_empty_cell     0 'AA2 1AE'
postcode unknown_planned                0 'AA2 1AJ'
postcode confirmed_planned              0 'AA3 1AA'
postcode none_planned                   0 'AA4 1AA'
postcode none_planned_with_information  0 'AA4 1AH'
postcode two_regions                    0 'AA5 1AD'
postcode two_regions_one_none_planned   0 'AA5 1AF'
postcode two_regions_one_planned        0 'AA5 1AG'
postcode with_auxiliary_equipment       0 'AA6 1AA'
postcode with_text_over_two_lines       0 'AA6 1AE'
postcode not_in_coverage               69 'AA9 9ZZ'

# The day of the visit decides the state.
request as_of_the_availability_date 0 '{"location": {"postcode": "AA3 1AA"}, "asOfDate": "2090-01-01"}'
request as_of_the_day_before        0 '{"location": {"postcode": "AA3 1AA"}, "asOfDate": "2089-12-31"}'
request as_of_today                 0 '{"location": {"postcode": "AA1 1AA"}}'
request date_malformed             67 '{"location": {"postcode": "AA1 1AA"}, "asOfDate": "15/01/2026"}'
request date_no_such_day           67 '{"location": {"postcode": "AA1 1AA"}, "asOfDate": "2026-02-30"}'
request date_implausible           67 '{"location": {"postcode": "AA1 1AA"}, "asOfDate": "1926-01-15"}'

# What cannot be asked.
postcode postcode_malformed_shape     67 'ZZ99 3WZ'
postcode postcode_malformed_length    67 'SW1A'
postcode postcode_malformed_character 67 'SW1A-1AA'
postcode postcode_empty               67 ''
request location_missing              67 '{}'
request location_of_no_kind           67 '{"location": {}}'

# Premises: by UPRN, by partial address, and whoever has no row of its own.
uprn() { request "$1" "$2" "{\"location\": {\"uprn\": \"$3\"}, $visit}"; }
address() {
    request "$1" "$2" "{\"location\": {\"partialAddress\": {\"postcode\": \"$3\", \"addressIdentifier\": \"$4\"}}, $visit}"
}
uprn uprn_answered                    0 999900000001
uprn uprn_in_two_regions              0 '9999 0000 0007'
uprn uprn_not_in_coverage            69 999900000099
uprn uprn_malformed                  67 0
address address_answered              0 aa81aa 'flat 1 / 12'
address address_of_two                0 'AA8 1AA' 'THE OLD MILL'
address address_falls_back            0 'AA8 1AA' 'Flat 11 2'
address address_not_in_coverage      69 'AA8 1AB' 9
address address_identifier_malformed 67 'AA8 1AA' '-'
address address_postcode_malformed   67 'AA8' 1
postcode only_premises_of_a_postcode 69 'AA8 1AB'

# DUIS documents. (A document of SR12.1 asks by UPRN or by partial address.)
duis() { ask "$1" "$2" $matrix/RequestWanMatrixDuis "{\"document\": \"$(printf '%s' "$3" | base64 | tr -d '\n')\"}"; }
duis_request() {
    local header='<RequestID>90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:1000</RequestID><CommandVariant>8</CommandVariant>'
    header+='<ServiceReference>12.1</ServiceReference><ServiceReferenceVariant>12.1</ServiceReferenceVariant>'
    printf '<Request xmlns="http://www.dccinterface.co.uk/ServiceUserGateway" schemaVersion="%s"><Header>%s</Header>' "$1" "$header"
    printf '<Body><RequestWANMatrix>%s</RequestWANMatrix></Body></Request>' "$2"
}
duis_address() {
    duis "$1" 0 "$(duis_request 5.3 \
        "<PartialAddress><PostCode>$2</PostCode><AddressIdentifier>$3</AddressIdentifier></PartialAddress>")"
}
duis duis_uprn_answered 0 "$(duis_request 5.4 '<UPRN>999900000001</UPRN>')"
duis duis_uprn_not_in_coverage 0 "$(duis_request 5.4 '<UPRN>999900000099</UPRN>')"
duis_address duis_address_answered 'AA8 1AA' 'Flat 1, 12'
duis_address duis_address_falls_back 'AA5 1AD' 1
duis_address duis_postcode_malformed 'ZZ99 3WZ' 1
duis duis_document_malformed 67 "$(duis_request 5.4 '<UPRN>0</UPRN>')"
duis duis_document_empty 67 ''
duis duis_version_unsupported 67 "$(duis_request 5.1 '<UPRN>100012345678</UPRN>')"

# Batches.
batch batch_mixed 0 '{"locations": [{"postcode": "AA4 1AA"}, {"postcode": "nonsense"}, {"postcode": "AA1 1AA"}, {},
  {"postcode": "AA9 9ZZ"}, {"uprn": "1"}, {"postcode": "AA2 1AA"}, {"postcode": "AA1 1AA"}], '"$visit"'}'
batch batch_empty 67 '{}'
batch batch_date_malformed 67 '{"locations": [{"postcode": "AA1 1AA"}], "asOfDate": "tomorrow"}'
location='{"postcode": "AA1 1AA"}'
batch batch_too_large 67 "{\"locations\": [$location$(printf ", $location%.0s" {1..1000})]}"

# What is served.
ask wan_variants           0 $matrix/ListWanVariants '{}'
ask wan_variants_of_north  0 $matrix/ListWanVariants '{"cspRegion": "CSP_REGION_NORTH"}'
ask active_coverage        0 $matrix/ListActiveCoverage '{}'
ask loads_of_the_sample    0 $loads/ListCoverageLoads '{}'
ask loads_of_a_region      0 $loads/ListCoverageLoads '{"cspRegion": "CSP_REGION_SOUTH"}'
ask loads_in_a_state       0 $loads/ListCoverageLoads '{"state": "COVERAGE_LOAD_STATE_REFUSED"}'
ask loads_page             0 $loads/ListCoverageLoads '{"pageSize": 1}'
token="$(sed -n 's/.*"nextPageToken": "\([^"]*\)".*/\1/p' "$work/out.txt")"
ask loads_next_page        0 $loads/ListCoverageLoads "{\"pageSize\": 1, \"pageToken\": \"$token\"}"
ask loads_page_token_of_other_filters 67 $loads/ListCoverageLoads \
    "{\"pageSize\": 1, \"pageToken\": \"$token\", \"cspRegion\": \"CSP_REGION_SOUTH\"}"
ask loads_page_token_invalid 67 $loads/ListCoverageLoads '{"pageToken": "made up"}'
ask load_not_found         69 $loads/GetCoverageLoad '{"loadId": "north-20260101T000000Z-000000000000"}'
ask load_id_missing        69 $loads/GetCoverageLoad '{}'
ask rejects_of_no_load     69 $loads/StreamCoverageRejects '{"loadId": "north-20260101T000000Z-000000000000"}'

# Health and reflection.
ask health_of_all          0 $health '{}'
ask health_of_wan_matrix   0 $health "{\"service\": \"$matrix\"}"
ask health_of_loads        0 $health "{\"service\": \"$loads\"}"
ask health_of_no_service  69 $health '{"service": "wanmatrix.v1.Nothing"}'
ask reflection_list        0 list
ask reflection_list_wan_matrix     0 "list $matrix"
ask reflection_list_loads          0 "list $loads"
ask reflection_describe_wan_matrix 0 "describe $matrix"
ask reflection_describe_loads      0 "describe $loads"
ask reflection_describe_answer     0 'describe wanmatrix.v1.RegionalCoverage'
ask reflection_describe_reasons    0 'describe wanmatrix.v1.ErrorReason'

# --- Loads, into a region the sample leaves alone -------------------------------------------------------------------
readonly region=CSP_REGION_NORTH_4G issued=2026-01-05T06:00:00Z
readonly columns=postcode,availability_date,wan_variant,connectivity_likelihood

# 1,200 postcodes of AA7 1 to AA7 3 and one row to set aside, which is less than the guard's 0.1 %.
clean="$work/clean.csv" units='ABDEFGHJLNPQRSTUWXYZ'
{
    echo "$columns"
    for sector in 1 2 3; do
        for ((i = 0; i < 400; i++)); do
            echo "AA7 $sector${units:i / 20:1}${units:i % 20:1},2025-05-01,4G Cellular,High"
        done
    done
    echo 'AA7 4AA,2025-05-01,4g cellular,High'
} >"$clean"
printf '%s\nAA7 1AA,2025-05-01,4G Cellular,High\nAA7 1AB,2025-05-01,Unknown,High\n' "$columns" >"$work/rejects.csv"
printf '%s\nAA7 1AA,2025-05-01,4G Cellular,Low\n' "$columns" >"$work/newer.csv"
printf '%s,change\nAA7 1AA,2025-05-01,4G Cellular,Low,upsert\nAA7 1AB,,,,delete\n' "$columns" >"$work/delta.csv"
printf 'postcode,availability_date,wan_variant\nAA7 1AA,2025-05-01,4G Cellular\n' >"$work/no_column.csv"
printf '%s\n' "$columns" >"$work/empty.csv"
readonly wrong=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

# Nothing of these stays.
submit load_digest_mismatch    67 "$(submission "$clean" $region $issued '' $wrong)"
submit load_row_count_mismatch 67 "$(submission "$clean" $region $issued '"rowCount": "1200"')"
submit load_issued_in_future   67 "$(submission "$clean" $region 2999-01-01T00:00:00Z)"
submit load_without_column     67 "$(submission "$work/no_column.csv" $region $issued)"
submit load_without_rows       67 "$(submission "$work/empty.csv" $region $issued)"
submit load_not_gzip           67 "$(submission "$clean" $region $issued '"encoding": "ENCODING_GZIP"')"
submit load_region_missing     67 "$(submission "$clean" CSP_REGION_UNSPECIFIED $issued)"
submit load_header_without_digest 67 "$(submission "$clean" $region $issued '' '')"
submit load_without_header     67 "$(submission "$clean" $region $issued | tail -n 1)"
submit load_without_anything   67 ''
request load_refused_answers_not 69 "{\"location\": {\"postcode\": \"AA7 1AA\"}, $visit}"

# Refused by a guard: the report and the rejects can be fetched.
submit load_guard_rejects 73 "$(submission "$work/rejects.csv" $region $issued)"
refused="$(sed -n 's/.*"load_id": "\([^"]*\)".*/\1/p' "$work/out.txt")"
ask load_guard_rejects_report  0 $loads/GetCoverageLoad "{\"loadId\": \"$refused\"}"
ask load_guard_rejects_rejects 0 $loads/StreamCoverageRejects "{\"loadId\": \"$refused\"}"

# Active; said again; a row set aside is neither an answer nor unheard of.
submit load_success         0 "$(submission "$clean" $region $issued '"rowCount": "1201"')"
first="$(sed -n 's/.*"loadId": "\([^"]*\)".*/\1/p' "$work/out.txt")"
submit load_already_present 0 "$(submission "$clean" $region $issued)"
postcode answered_from_the_new_load 0 'AA7 1AA'
postcode set_aside                 69 'AA7 4AA'
batch set_aside_in_a_batch          0 "{\"locations\": [{\"postcode\": \"AA7 4AA\"}], $visit}"
ask load_shown              0 $loads/GetCoverageLoad "{\"loadId\": \"$first\"}"
ask load_rejects            0 $loads/StreamCoverageRejects "{\"loadId\": \"$first\"}"
ask load_rejects_after_the_last 0 $loads/StreamCoverageRejects "{\"loadId\": \"$first\", \"afterLine\": \"1202\"}"

# A delta: a dry run of it, then staged, activated, and no base for another any more.
readonly next=2026-01-06T06:00:00Z newest=2026-01-07T06:00:00Z
on_first="\"baseLoadId\": \"$first\""
submit load_delta_without_base 67 "$(submission "$work/delta.csv" $region $next)"
submit load_delta_dry_run    0 "$(submission "$work/delta.csv" $region $next "$on_first, \"validateOnly\": true")"
submit load_delta_staged     0 "$(submission "$work/delta.csv" $region $next "$on_first, \"activate\": false")"
delta="$(sed -n 's/.*"loadId": "\([^"]*\)".*/\1/p' "$work/out.txt")"
submit load_staged_already   0 "$(submission "$work/delta.csv" $region $next "$on_first, \"activate\": false")"
submit load_staged_retained 70 "$(submission "$work/delta.csv" $region $next "$on_first")"
ask load_staged_activated    0 $loads/ActivateCoverageLoad "{\"loadId\": \"$delta\"}"
postcode answered_from_the_delta 0 'AA7 1AA'
submit load_base_not_active 74 "$(submission "$work/delta.csv" $region $newest "$on_first")"

# Refused by a guard that compares with the active load, in a dry run and in earnest; then overridden.
override='"overrides": ["LOAD_GUARD_SHRINK", "LOAD_GUARD_GROWTH"], "overrideNote": "the region was split"'
submit load_guard_shrink_dry_run 73 "$(submission "$work/newer.csv" $region $newest '"validateOnly": true')"
submit load_guard_shrink    73 "$(submission "$work/newer.csv" $region $newest)"
submit load_override_without_note 67 "$(submission "$work/newer.csv" $region $newest "${override%,*}")"
submit load_newer            0 "$(submission "$work/newer.csv" $region $newest "$override")"

# What differs, in both directions, from any postcode, and what cannot be compared.
second="$(sed -n 's/.*"loadId": "\([^"]*\)".*/\1/p' "$work/out.txt")"
changes() { ask "$1" "$2" $loads/StreamCoverageChanges "{\"beforeLoadId\": \"$3\", \"afterLoadId\": \"$4\"${5:+, $5}}"; }
changes changes             0 "$first" "$second" '"afterPostcode": "aa7 3zx"'
changes changes_back        0 "$second" "$first" '"afterPostcode": "AA7 3ZX"'
changes changes_of_a_load_with_itself 0 "$first" "$first"
changes changes_after_no_postcode 67 "$first" "$second" '"afterPostcode": "AA7"'
changes changes_of_a_refused_load 73 "$first" "$refused"
changes changes_of_no_load  69 "$first" north-20260101T000000Z-000000000000
other="$(sed -n 's/.*"loadId": "\(south[^"]*\)".*/\1/p' "$goldens/active_coverage.txt" | head -n 1)"
changes changes_of_two_regions 67 "$first" "$other"

# Superseded; submitting it again does not bring it back.
postcode answered_from_the_newer_load 0 'AA7 1AA'
submit load_retained       70 "$(submission "$clean" $region $issued)"
ask load_activated          0 $loads/ActivateCoverageLoad "{\"loadId\": \"$first\"}"
postcode answered_from_the_load_before 0 'AA7 1AA'
ask load_refused_cannot_be_activated 73 $loads/ActivateCoverageLoad "{\"loadId\": \"$refused\"}"
ask loads_of_the_region     0 $loads/ListCoverageLoads "{\"cspRegion\": \"$region\"}"
ask active_coverage_after_loads 0 $matrix/ListActiveCoverage '{}'

# A delta of premises: one that lies elsewhere now, one that only its address names, and all others as they were.
{
    echo "$columns,uprn,address_identifier,change"
    echo 'AA8 1AA,2016-04-01,Cellular,High,999900000005,9,upsert'
    echo 'AA8 1AA,2016-04-01,Cellular,High,,"FLAT 1, 12",upsert'
} >"$work/premises.csv"
submit load_delta_of_premises 0 "$(submission "$work/premises.csv" CSP_REGION_SOUTH $newest "\"baseLoadId\": \"$other\"")"
moved="$(sed -n 's/.*"loadId": "\([^"]*\)".*/\1/p' "$work/out.txt")"
changes changes_of_premises 0 "$other" "$moved" '"afterPostcode": "AA8 1AA"'
changes changes_after_a_uprn 0 "$other" "$moved" '"afterUprn": "999900000005"'
changes changes_after_an_address 0 "$other" "$moved" '"afterPostcode": "AA8 1AA", "afterAddressIdentifier": "Flat 1, 12"'
changes changes_after_no_uprn 67 "$other" "$moved" '"afterUprn": "0"'
ask premises_moved_by_the_delta 0 $matrix/RequestWanMatrix "{\"location\": {\"uprn\": \"999900000005\"}, $visit}"
ask premises_left_by_the_delta 0 $matrix/RequestWanMatrix "{\"location\": {\"uprn\": \"999900000001\"}, $visit}"

stop sample

# --- A server that expects a region nobody has loaded ---------------------------------------------------------------
echo 'expected_regions = ["north", "central", "south", "4g-south"]' >"$work/incomplete.toml"
start incomplete --sample --config "$work/incomplete.toml"
postcode incomplete_hit    0 'AA1 1AA'
postcode incomplete_miss  73 'AA9 9ZZ'
batch incomplete_batch     0 "{\"locations\": [{\"postcode\": \"AA1 1AA\"}, {\"postcode\": \"AA9 9ZZ\"}], $visit}"
ask incomplete_active_coverage      0 $matrix/ListActiveCoverage '{}'
ask incomplete_health_of_all        0 $health '{}'
ask incomplete_health_of_wan_matrix 0 $health "{\"service\": \"$matrix\"}"
ask incomplete_health_of_loads      0 $health "{\"service\": \"$loads\"}"
stop incomplete

# --- A server over mutual TLS ---------------------------------------------------------------------------------------
"$certificates" "$work/pki"
# grpcurl asks for the descriptors first: open to anybody here, so that it is each method itself that answers.
export WAN_MATRIX_ACCESS_REFLECTION=anyone
start mtls --sample --config "$work/pki/wan-matrix.toml"
unset WAN_MATRIX_ACCESS_REFLECTION
for who in planner operator; do
    as $who
    postcode mtls_${who}_asks 0 'AA1 1AA'
done
as csp
postcode mtls_csp_may_not_ask       71 'AA1 1AA'
ask mtls_csp_lists_its_own           0 $loads/ListCoverageLoads '{}'
ask mtls_csp_may_not_list_anothers  71 $loads/ListCoverageLoads '{"cspRegion": "CSP_REGION_NORTH"}'
submit mtls_csp_may_not_load_anothers 71 "$(submission "$work/newer.csv" $region 2026-01-07T06:00:00Z)"
as planner
ask mtls_planner_may_not_list       71 $loads/ListCoverageLoads '{}'
as not-eligible
postcode mtls_user_role_not_eligible 71 'AA1 1AA'
duis mtls_user_role_not_eligible_duis 71 "$(duis_request 5.4 '<UPRN>999900000001</UPRN>')"
as stranger
postcode mtls_stranger_may_not_ask  71 'AA1 1AA'
as nobody
postcode mtls_nobody_may_not_ask    80 'AA1 1AA'
ask mtls_nobody_asks_for_health      0 $health "{\"service\": \"$loads\"}"
stop mtls
tls=(-plaintext)
