"""Examples of requests, shown in the OpenAPI document; tests/api/test_openapi.py sends each one.

Ids, hashes and signatures stand for those of a real deployment; the test puts its own in.
"""

from __future__ import annotations

from typing import Any

WALLET = "0x90F8bf6A479f320ead074411a4B0e7944Ea8c9C1"
HASH = "0x" + "5e" * 32
SIGNATURE = "0x" + "51" * 64 + "1b"

PARAMETERS: dict[str, Any] = {
    "platform_id": "plt_0f1e2d3c4b5a69788796",
    "key_id": "key_0f1e2d3c4b5a69788796",
    "applicant_id": "app_0f1e2d3c4b5a69788796",
    "asset_id": "ast_0f1e2d3c4b5a69788796",
    "series_id": HASH,
    "series": HASH,
    "serial": 0,
    "batch": 1,
    "product": 1,
    "risk": 0,
    "policy": "1",
    "claim": HASH,
    "subject": 0,
    "transaction_id": "ctx_0f1e2d3c4b5a697887960f1e",
    "endpoint_id": "whe_0f1e2d3c4b5a69788796",
    "delivery_id": "msg_0f1e2d3c4b5a697887960f1e",
    "kind": "quote-expired",
    "version": 1,
    "sum_insured": "100000000000",
    "dispute_id": "dsp_0f1e2d3c4b5a69788796",
    "wallet": WALLET,
    "challenge_id": "chl_0f1e2d3c4b5a69788796",
    "template": "small_business",
    "Idempotency-Key": "b7a1c0de-order-4711",
}
"""Parameter → example."""

TRANSACTION = {
    "holder": WALLET,
    "transaction_hash": "0x" + "0d" * 32,
    "sum_insured": "50000000",
}

QUOTE = {
    "product": 1,
    "risk_index": 0,
    "applicant": WALLET,
    "holder": WALLET,
    "sum_insured": "100000000000",
    "loss_per_hour": "1000000000",
    "dependencies": "0",
    "rate": "14000000000000000",
    "rate_ceiling": "26000000000000000",
    "min_premium": "296804",
    "score_frame": 7,
    "model_hash": HASH,
    "terms_hash": HASH,
    "term": 86400,
    "salt": HASH,
    "deadline": 1700000300,
}

BODIES: dict[str, Any] = {
    "create_platform": {"name": "Example Shop", "wallet": WALLET},
    "create_key": {"label": "checkout", "scopes": ["read", "quote", "bind", "sell"]},
    "deposit_float": {"amount": "20000000000"},
    "agree_terms": {"product": 2, "premium_ceiling": "10000"},
    "deposit_bond": {"amount": "500000000000"},
    "create_series": {
        "platform": PARAMETERS["platform_id"],
        "product": 2,
        "risk": 0,
        "exposure": "100000000000",
        "serials": 1000,
    },
    "create_applicant": {
        "name": "Example Ltd",
        "country": "DE",
        "industry": "retail",
        "wallet": WALLET,
    },
    "create_asset": {
        "name": "shop front",
        "hosts": ["203.0.113.10"],
        "cidrs": [],
        "service": {"host": "203.0.113.10", "port": 443, "protocol": "https"},
        "base_score": 3000,
    },
    "create_answers": {
        "version": 1,
        "answers": {
            "ddos_protection": "provider",
            "admin_mfa": True,
            "offline_backups": True,
            "patch_days": 30,
            "incidents_3y": "none",
            "demand_received": False,
        },
    },
    "create_dispute": {
        "frame": 7,
        "reason": "the flows of that minute were our own load test",
    },
    "answer_dispute": {
        "upheld": False,
        "answer": "the load test came from outside the hosts that were named for it",
    },
    "create_control_challenge": {"method": "dns_txt", "target": "shop.example"},
    "verify_control_challenge": {},
    "create_wallet_session": {
        "message": "cover.example wants you to sign in with your Ethereum account: …",
        "signature": SIGNATURE,
    },
    "create_quote": {
        "product": 1,
        "risk": 0,
        "holder": WALLET,
        "sum_insured": "100000000000",
        "loss_per_hour": "1000000000",
        "dependencies": [],
        "term": 86400,
    },
    "create_policy": {
        "quote": QUOTE,
        "signature": SIGNATURE,
        "premium": "4000000",
        "payer": "platform",
    },
    "preview_endorsement": {
        "sum_insured": "200000000000",
        "loss_per_hour": "2000000000",
        "dependencies": [],
    },
    "create_reduction": {"sum_insured": "50000000000", "loss_per_hour": "500000000"},
    "create_endorsement": {"quote": QUOTE, "signature": SIGNATURE},
    "create_top_up": {"amount": "1000000"},
    "cover": {"series": HASH, **TRANSACTION},
    "cover_batch": {"series": HASH, "transactions": [TRANSACTION | {"transaction_hash": HASH}]},
    "move_clock": {"seconds": 60},
    "stage_score": {"risk": 0, "score": 6000},
    "stage_incident": {"risk": 0, "seconds": 120, "attacked": True},
    "create_bordereau": {"series": HASH},
    "create_decision": {
        "approve": True,
        "reason": "the scheduled amount follows from the attested slots",
        "deadline": 1700000900,
        "signature": SIGNATURE,
    },
    "create_webhook_endpoint": {
        "url": "https://shop.example/flowcover",
        "types": ["claim.paid", "policy.bound"],
    },
}
"""Operation → example of its body."""
