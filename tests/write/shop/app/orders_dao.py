import asyncpg


class OrderClosed(Exception):
    pass


class OrderDAO:
    def __init__(self, conn: asyncpg.Connection) -> None:
        self.conn = conn

    async def label(self, order_id: int) -> str:
        row = await self.conn.fetchrow("SELECT status, amount FROM orders WHERE id = $1", order_id)
        if row is None:
            return "unknown"
        if row["status"] == "cancelled":
            raise OrderClosed("cancelled")
        if row["amount"] > 1000:
            return "large"
        match row["status"]:
            case "paid":
                return "paid"
            case "sent":
                return "sent"
        return "small"

    async def create(self, code: str, amount: int) -> int:
        if amount > 5000:
            raise ValueError("too much")
        return await self.conn.fetchval(
            "INSERT INTO orders (code, amount) VALUES ($1, $2) RETURNING id", code, amount
        )

    async def pay(self, order_id: int) -> bool:
        tag = await self.conn.execute(
            "UPDATE orders SET status = 'paid', paid_at = now() WHERE id = $1 AND status = 'open'",
            order_id,
        )
        return tag == "UPDATE 1"
