"""What the demo company sells: eight products, their base prices, costs and hidden elasticities."""

from typing import NamedTuple

VAT = 0.19


class Product(NamedTuple):
    """A product. Prices are base prices in CLP: gross of VAT for homes, net for businesses; the supplier's cost is net. `elasticity` is
    the change of the log of units bought per change of the log of the price, for homes and for businesses. `per_order` is the
    probability that an order holds it beside the bottles, for homes and for businesses, and `units` the usual number then."""

    product_id: str
    name: str
    category: str
    home_price: float
    business_price: float
    cost: float
    elasticity: tuple[float, float]
    per_order: tuple[float, float]
    units: float


PRODUCTS: tuple[Product, ...] = (
    Product("PRD-001", "PC", "Contrato", 3000, 2250, 830, (-0.90, -0.45), (0.0, 0.0), 1),
    Product("PRD-002", "PET", "Venta", 3600, 2700, 1290, (-1.40, -0.70), (0.0, 0.0), 1),
    Product("PRD-003", "Dispensador USB", "Venta", 9990, 7950, 4300, (-1.60, -1.20), (0.010, 0.008), 1),
    Product("PRD-004", "Dispensador frío y calor", "Venta", 89990, 72900, 51000, (-1.80, -1.10), (0.002, 0.006), 1),
    Product("PRD-005", "Vasos polipapel 240 cc", "Insumos", 36, 28, 15, (-0.60, -0.50), (0.008, 0.070), 100),
    Product("PRD-006", "Soporte metálico", "Accesorios", 13990, 11200, 6900, (-1.20, -0.90), (0.004, 0.003), 1),
    Product("PRD-007", "Botellón vacío PC", "Accesorios", 7500, 6100, 4200, (-0.70, -0.50), (0.012, 0.020), 1),
    Product("PRD-008", "Pack botellas 500 cc (12 un.)", "Venta", 4990, 3900, 2350, (-1.30, -0.90), (0.045, 0.060), 2),
)
PC, PET = 0, 1
BOTTLES = (PC, PET)
CUPS, EMPTY_BOTTLE, USB_DISPENSER = 4, 6, 2
TYPES = ("Hogar", "Empresa")
HOME, BUSINESS = 0, 1
