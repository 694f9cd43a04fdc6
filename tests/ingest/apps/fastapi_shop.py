"""A small FastAPI application that knows nothing of tracing."""

import logging

from fastapi import FastAPI, HTTPException

app = FastAPI()
log = logging.getLogger("shop")


@app.get("/orders/{order_id}")
async def order(order_id: int) -> dict:
    log.warning("order %s looked at", order_id)
    return {"order": order_id}


@app.get("/missing")
async def missing() -> dict:
    raise HTTPException(404, "no such order")


@app.get("/broken")
async def broken() -> dict:
    raise ZeroDivisionError("no items")
