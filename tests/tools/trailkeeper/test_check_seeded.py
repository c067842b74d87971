"""`trailkeeper check` over whole accounts: it says what the functions say, writes nothing, and fails as it should."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import seeded
import seeded_network
from account_snapshot import difference, snapshot
from botocore.validate import ParamValidator
from conftest import StartFunction
from envelope import schedule
from given import trail, trail_arn
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, Moto
from observed import results, writes
from through_command import FAMILIES, by_key, is_off, told
from undoing import Desk, Done

SEEDS: dict[str, Callable[[Moto], Any]] = {"account": seeded.seed, "network": seeded_network.seed}


def checked(endpoint: str, *arguments: str, folder: Path | None = None, **env: str) -> Done:
    """What the command ends with, without asking CloudTrail who did it."""
    return Desk(endpoint, table=None).run("check", "--no-history", *arguments, folder=folder, **env)


@pytest.mark.parametrize("seed", SEEDS)
def test_it_says_what_the_functions_say_and_writes_nothing(
    seed: str, function: StartFunction, moto: Moto, faults: Faults
) -> None:
    SEEDS[seed](moto)
    before = snapshot(moto, seeded.REGIONS)
    done = checked(faults.endpoint, "--json")
    assert writes(faults) == []
    assert difference(before, snapshot(moto, seeded.REGIONS)) == {}
    found = by_key(done.json["findings"])
    assert done.code in (1, 2), done
    wanted: dict[Any, dict[str, Any]] = {}
    for family in sorted(FAMILIES):
        answer = function(family, endpoint=moto, timeout=180).invoke(schedule())
        wanted |= {key: it for key, it in by_key(results(answer)).items() if not is_off(it)}
    assert found.keys() == wanted.keys()
    for key, outcome in wanted.items():
        assert told(found[key]) == told(outcome), key
    ids = [it["id"] for it in found.values()]
    assert len(ids) == len(set(ids))
    assert [it["id"] for it in checked(moto.endpoint, "--json").json["findings"]] == ids
    # Whichever regions are asked for, a finding is the same, in each word.
    for regions in [[it] for it in seeded.REGIONS] + [seeded.REGIONS[1:]]:
        some = by_key(checked(moto.endpoint, "--json", "--regions", ",".join(regions)).json["findings"])
        for key, it in some.items():
            if key in found:
                assert (it["id"], told(it)) == (found[key]["id"], told(found[key])), key
            else:
                assert it["standing"] == "not-applicable", it
        # What uses a bucket may be in a region that was not asked for.
        asked = {key for key, it in found.items() if key[2] in regions
                 and it["standing"] != "not-applicable" and it["family"] != "bucket"}
        assert some.keys() >= asked, asked - some.keys()


@pytest.mark.parametrize("regions", [["us-east-1"], ["eu-west-1"], ["ap-southeast-2"], ["ap-southeast-2", "eu-west-1"]])
def test_the_account_is_judged_as_a_whole_whichever_regions_are_asked_for(moto: Moto, regions: list[str]) -> None:
    moto.regions(seeded.REGIONS)
    moto.client("cloudtrail").start_logging(Name=trail(moto, "first"))
    moto.client("cloudtrail", "eu-west-1").start_logging(Name=trail(moto, "second", "eu-west-1"))
    only = ["--control", "cloudtrail-multi-region,cloudtrail-management-events,monitor-root-usage", "--json"]
    wrong = [by_key(it["findings"]) for it in (
        checked(moto.endpoint, *only).json, checked(moto.endpoint, *only, "--regions", ",".join(regions)).json,
    )]
    whole, some = ({key: told(it) for key, it in found.items() if it["standing"] == "wrong"} for found in wrong)
    assert whole == some and len(whole) >= 1
    (widened,) = [key for key in whole if key[0] == "cloudtrail-multi-region"]
    assert widened[1] == trail_arn("first"), widened


def test_where_regions_cannot_be_listed_nothing_is_said_of_those_that_were_not_asked_for(moto: Moto, faults: Faults) -> None:
    moto.regions(seeded.REGIONS)
    moto.client("cloudtrail").start_logging(Name=trail(moto, "first"))
    moto.client("cloudtrail", "eu-west-1").start_logging(Name=trail(moto, "second", "eu-west-1"))
    faults.deny("account", "ListRegions")
    done = checked(faults.endpoint, "--control", "cloudtrail-multi-region", "--regions", "eu-west-1", "--json")
    (found,) = done.json["findings"]
    assert done.code == 2 and found["standing"] == "unknown" and not found["steps"], found
    assert "account:ListRegions was denied" in found["because"], found


@pytest.mark.parametrize("seen", [True, False])
def test_an_account_without_a_trail_is_told_from_any_region(moto: Moto, seen: bool) -> None:
    moto.regions(seeded.REGIONS)
    if seen:
        moto.client("cloudtrail", "ap-southeast-2").start_logging(Name=trail(moto, "far", "ap-southeast-2"))
    done = checked(moto.endpoint, "--control", "cloudtrail-multi-region", "--regions", "eu-west-1", "--json")
    (wrong,) = [it for it in done.json["findings"] if it["standing"] == "wrong"]
    steps = [it["action"] for it in wrong["steps"]]
    assert done.code == 1 and ("cloudtrail:CreateTrail" in steps) != seen and ("cloudtrail:UpdateTrail" in steps) == seen, steps


def test_what_is_named_twice_is_checked_once(moto: Moto) -> None:
    done = checked(moto.endpoint, "--accounts", f"{ACCOUNT},{ACCOUNT}", "--regions", "eu-west-1,eu-west-1", "--family", "vpc", "--json")
    assert done.json["accounts"] == [{"id": ACCOUNT, "regions": ["eu-west-1"]}]


@pytest.mark.parametrize("others", [[ACCOUNT], []], ids=["and one that can", "alone"])
def test_an_account_that_cannot_be_entered_is_in_every_file(
    moto: Moto, faults: Faults, tmp_path: Path, others: list[str]
) -> None:
    moto.regions(["us-east-1"])
    faults.deny("sts", "AssumeRole")
    names = ("html", "json", "csv", "ocsf", "asff", "junit", "md")
    accounts = ["--accounts", ",".join([*others, seeded.STRANGER]), "--family", "vpc"]
    files = ["-o", ",".join(f"{name}=out.{name}" for name in names)]
    for name in names:
        (tmp_path / f"out.{name}").write_text("of yesterday")
    done = checked(faults.endpoint, *accounts, *files, folder=tmp_path)
    assert done.code == 2 and bool(done.out) == bool(others), done
    for name in names:
        assert seeded.STRANGER in (tmp_path / f"out.{name}").read_text(), name
    (ocsf,) = [it for it in json.loads((tmp_path / "out.ocsf").read_text()) if it["finding_info"]["title"] == "Everything that was asked for is looked at"]
    (asff,) = [it for it in json.loads((tmp_path / "out.asff").read_text()) if it["GeneratorId"] == "not-looked-at"]
    root = f"arn:aws:iam::{seeded.STRANGER}:root"
    assert (ocsf["compliance"]["status"], ocsf["resources"][0]["uid"]) == ("Warning", root)
    assert (asff["Compliance"]["Status"], asff["Resources"][0]["Id"], asff["AwsAccountId"]) == ("WARNING", root, ACCOUNT)


def test_files_in_every_format(moto: Moto, tmp_path: Path) -> None:
    seeded.seed(moto)
    names = ("html", "json", "csv", "ocsf", "asff", "junit", "md")
    done = checked(moto.endpoint, "-o", ",".join(f"{name}=out.{name}" for name in names), folder=tmp_path)
    assert "CRITICAL  cloudtrail-logging" in done.out and "\x1b" not in done.out, done
    whole = json.loads((tmp_path / "out.json").read_text())
    ids = {it["id"] for it in whole["findings"]}
    (account,) = whole["accounts"]
    assert len(ids) > 20 and account["id"] == ACCOUNT and set(account["regions"]) == set(seeded.REGIONS)

    with (tmp_path / "out.csv").open(newline="") as file:
        assert {row["id"] for row in csv.DictReader(file)} == ids
    cases = ElementTree.parse(tmp_path / "out.junit").getroot().iter("testcase")
    assert len(list(cases)) == len(ids)
    assert all(it["class_uid"] == 2003 for it in json.loads((tmp_path / "out.ocsf").read_text()))

    asff = json.loads((tmp_path / "out.asff").read_text())
    model = botocore.session.get_session().get_service_model("securityhub")
    shape = model.operation_model("BatchImportFindings").input_shape
    for start in range(0, len(asff), 100):
        report = ParamValidator().validate({"Findings": asff[start:start + 100]}, shape)
        assert not report.has_errors(), report.generate_report()
    assert {it["Id"] for it in asff} == ids


def test_what_is_new_mended_and_still_wrong(moto: Moto, tmp_path: Path) -> None:
    seeded.seed(moto)
    checked(moto.endpoint, "--family", "trail", "-o", "json=before.json", folder=tmp_path)
    moto.client("cloudtrail").start_logging(Name="main")
    healthy = moto.client("cloudtrail")
    healthy.stop_logging(Name="healthy")
    done = checked(moto.endpoint, "--family", "trail", "--baseline", "before.json", "--json", folder=tmp_path)
    comparison = done.json["comparison"]
    by_id = {it["id"]: it for it in done.json["findings"]}
    new = {(by_id[it]["control"], by_id[it]["resource"].split("/")[-1]) for it in comparison["new"]}
    mended = {(it["control"], it["resource"].split("/")[-1]) for it in comparison["mended"]}
    assert ("cloudtrail-logging", "healthy") in new and ("cloudtrail-logging", "main") in mended
    assert comparison["still"] and not comparison["untold"]
    (tmp_path / "bad.json").write_text("{}")
    for name in ("bad.json", "gone.json"):
        done = checked(moto.endpoint, "--baseline", name, folder=tmp_path)
        assert done.code == 2 and done.err.startswith("trailkeeper: --baseline: "), done


def test_a_healthy_account_and_what_is_left_out(moto: Moto) -> None:
    moto.regions(["us-east-1"])
    moto.client("kms").create_key()
    key = ["--family", "key"]
    done = checked(moto.endpoint, *key)
    assert done.code == 1 and "kms-key-rotation" in done.out and "1 thing is wrong." in done.out, done
    assert checked(moto.endpoint, *key, "--fail-on", "critical").code == 0
    less = checked(moto.endpoint, *key, "--min-severity", "critical")
    assert less.code == 0 and "Nothing of severity critical or higher is wrong; left out as less severe: 1 wrong." in less.out
    assert checked(moto.endpoint, *key, "--min-severity", "critical", "--json").json["left_out"]["wrong"] == 1
    off = checked(moto.endpoint, *key, TRAILKEEPER_CONTROLS="kms-key-rotation=off")
    assert off.code == 2 and "no control is left to be checked" in off.err, "what was not looked at is no good news"
    named = checked(moto.endpoint, "--control", "kms-key-rotation", TRAILKEEPER_CONTROLS="kms-key-rotation=off")
    assert named.code == 1, "what is asked for by name is on"
    grouped = checked(moto.endpoint, *key, "--framework", "cis-5.0")
    assert "cis-5.0" in grouped.out and " 3.6 " in grouped.out, grouped
    exempt = checked(moto.endpoint, *key, TRAILKEEPER_EXEMPT="control=kms-key-rotation region=us-east-1")
    assert exempt.code == 0 and "Nothing is wrong." in exempt.out, exempt
    for key_id in [it["KeyId"] for it in moto.client("kms").list_keys()["Keys"]]:
        moto.client("kms").enable_key_rotation(KeyId=key_id)
    right = checked(moto.endpoint, *key)
    assert right.code == 0 and "Nothing is wrong." in right.out, right


def test_what_is_the_same_in_many_regions_is_told_once(moto: Moto, faults: Faults) -> None:
    regions = [f"{area}-{number}" for area in ("us-east", "us-west", "eu-west", "eu-central", "ap-southeast") for number in (1, 2)]
    moto.regions(regions)
    done = checked(moto.endpoint)
    lines = done.out.splitlines()
    assert done.code == 1 and lines[0] == lines[-1] and lines[0].endswith(" things are wrong."), done
    assert len(lines) < 400, len(lines)
    assert sum(line.startswith("MEDIUM  vpc-flow-logs ") for line in lines) == 1
    (same,) = [line for line in lines if line.startswith("  The same in 9 more regions: ")]
    assert all(name in done.out for name in regions) and "vpc-" in same
    assert "trailkeeper fix vpc-flow-logs --all" in done.out
    faults.rule("ec2", "DescribeVpcs", error="UnauthorizedOperation", status=403)
    denied = checked(faults.endpoint, "--family", "vpc").out
    assert denied.count("ec2:DescribeVpcs was denied") == 1 and "10 regions: ap-southeast-1, " in denied, denied
    assert "allow ec2:DescribeVpcs in account 123456789012: policies/vpc.observe.json has it" in denied, denied


@pytest.mark.parametrize("arguments, said", [
    (["--control", "flow-logs"], "did you mean vpc-flow-logs"),
    (["--family", "keys"], "there is no family keys"),
    (["--framework", "cis"], "cis-5.0"),
    (["--fail-on", "bad"], "critical"),
    (["--accounts", "1"], "not an account id"),
    (["--regions", "us_east"], "not the name of a region"),
    (["--output", "pdf=x"], "there are html, json"),
    (["--output", "html=/nonexistent/x.html"], "there is no such folder"),
    (["--regions", "ap-x*"], "has enabled no region ap-x*"),
])
def test_arguments_that_mean_nothing(moto: Moto, arguments: list[str], said: str) -> None:
    done = checked(moto.endpoint, *arguments)
    assert done.code == 2 and said in done.err, done


def test_a_setting_that_means_nothing(moto: Moto) -> None:
    done = checked(moto.endpoint, TRAILKEEPER_MODE="on")
    assert done.code == 2 and "TRAILKEEPER_MODE" in done.err, done


def test_a_control_that_is_not_there_any_more_is_told(moto: Moto) -> None:
    moto.regions(["us-east-1"])
    done = checked(moto.endpoint, "--family", "key", TRAILKEEPER_CONTROLS="an-old-one=off")
    assert done.code == 0 and done.err == "trailkeeper: TRAILKEEPER_CONTROLS: there is no control `an-old-one`; this has no effect\n", done


def test_no_credentials(moto: Moto) -> None:
    done = Desk(moto.endpoint, table=None, credentials=None).run("check")
    assert done.code == 2 and "credentials" in done.err and len(done.err.splitlines()) == 1, done
