"""The same fetch by dlt's REST source to Parquet on local disk. Runs alone, in dlt's own environment.

As dlt's documentation shows it: verified-sources/rest_api (a resource that takes its parameter from another,
page numbers, OAuth 2.0), dlt-ecosystem/destinations/filesystem (bucket_url, loader_file_format).
"""

from __future__ import annotations

import os
import sys
from typing import Any

import dlt  # type: ignore[import-not-found]
from dlt.sources.rest_api import rest_api_source  # type: ignore[import-not-found]


def configuration() -> dict[str, Any]:
    """The source as dlt's REST source declares one."""
    paging = {"type": "page_number", "base_page": 1, "page_param": "page"}
    attendance = {
        "schoolId": "{resources.schools.id}",
        "schoolYearId": os.environ["ESD_SCHOOL_YEAR_ID"],
        "pageSize": os.environ["ESD_PAGE_SIZE"],
        "sortField": "date",
        "sortDirection": "Ascending",
    }
    return {
        "client": {
            "base_url": os.environ["ESD_API_URL"] + "/v1/",
            "auth": {
                "type": "oauth2_client_credentials",
                "access_token_url": os.environ["BENCH_TOKEN_URL"],
                "client_id": os.environ["BENCH_CLIENT_ID"],
                "client_secret": os.environ["BENCH_CLIENT_SECRET"],
            },
        },
        "resources": [
            {
                "name": "schools",
                "endpoint": {
                    "path": "schools",
                    "params": {"pageSize": 1000},
                    "data_selector": "schools",
                    "paginator": {**paging, "total_path": "pagingInfo.totalPages"},
                },
            },
            {
                "name": "period_attendance",
                "endpoint": {
                    "path": "periodAttendance",
                    "params": attendance,
                    "data_selector": "periodAttendanceList",
                    "paginator": {**paging, "total_path": "pagingInfo.pageCount"},
                    "response_actions": [{"status_code": 404, "action": "ignore"}],
                },
            },
        ],
    }


def main() -> None:
    """Run the pipeline; everything it writes goes below the directory that the command line names."""
    directory = sys.argv[1]
    pipeline = dlt.pipeline(
        pipeline_name="period_attendance",
        pipelines_dir=f"{directory}/pipelines",
        destination=dlt.destinations.filesystem(bucket_url=f"file://{directory}/landed"),
        dataset_name="esd",
    )
    pipeline.run(rest_api_source(configuration()), loader_file_format="parquet")
    print(pipeline.last_trace.last_normalize_info.row_counts["period_attendance"])


if __name__ == "__main__":
    main()
