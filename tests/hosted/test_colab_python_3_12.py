from tests.hosted.colab import ColabTests


class TestColab(ColabTests):
    python = "3.12"
    numpy = "2.0.2"
