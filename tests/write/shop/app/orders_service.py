from app.orders_dao import OrderClosed, OrderDAO


class OrderService:
    def __init__(self, order_dao: OrderDAO) -> None:
        self.order_dao = order_dao

    async def describe(self, order_id: int) -> str:
        try:
            label = await self.order_dao.label(order_id)
        except OrderClosed:
            return "This order is closed."
        return f"This order is {label}."
