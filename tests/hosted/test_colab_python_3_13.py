from tests.hosted.colab import ColabTests


class TestColab(ColabTests):
    python = "3.13"
    numpy = "2.1.3"
