from ml.source.demo.products import BOTTLES, PRODUCTS


def test_eight_products_of_which_two_are_bottles() -> None:
    assert len(PRODUCTS) == len({p.product_id for p in PRODUCTS}) == 8
    assert [PRODUCTS[index].name for index in BOTTLES] == ["PC", "PET"]


def test_every_product_earns_something() -> None:
    for product in PRODUCTS:
        assert product.cost < product.business_price
        assert product.cost < product.home_price / 1.19
