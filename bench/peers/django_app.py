"""A peer: the documented endpoint as one would write it with Django REST Framework. Runs in bench/.venv, under gunicorn."""

import hashlib
import os

import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": os.environ["PGHOST"],
            "PORT": os.environ["PGPORT"],
            "USER": os.environ["PGUSER"],
            "NAME": os.environ["PGDATABASE"],
            "OPTIONS": {"pool": {"min_size": 4, "max_size": 16}},
        }
    },
    INSTALLED_APPS=["rest_framework"],
    REST_FRAMEWORK={"DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"], "UNAUTHENTICATED_USER": None},
    ROOT_URLCONF=__name__,
    SECRET_KEY="of no use here",
    TIME_ZONE="UTC",
    USE_TZ=True,
)
django.setup()

from django.contrib.postgres.fields import ArrayField  # noqa: E402  # Django wants its settings first
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework import authentication, exceptions, generics, pagination, permissions, response, serializers  # noqa: E402


class ApiKey(models.Model):
    id = models.UUIDField(primary_key=True)
    organization_id = models.UUIDField()
    secret_hash = models.TextField(unique=True)
    scopes = ArrayField(models.TextField())
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        app_label, db_table = "peers", "api_key"


class ProspectSearch(models.Model):
    id = models.UUIDField(primary_key=True)
    organization_id = models.UUIDField()

    class Meta:
        app_label, db_table = "peers", "prospect_search"


class Company(models.Model):
    id = models.UUIDField(primary_key=True)
    prospect_search = models.ForeignKey(ProspectSearch, models.CASCADE)
    name = models.TextField()
    website_url = models.TextField(null=True)  # the documented field is null where it is unknown
    source_id = models.TextField(null=True)
    delivered_at = models.DateTimeField()

    class Meta:
        app_label, db_table = "peers", "company"


class Prospect(models.Model):
    id = models.UUIDField(primary_key=True)
    company = models.ForeignKey(Company, models.CASCADE, related_name="prospects")
    place = models.IntegerField()
    first_name = models.TextField(null=True)
    last_name = models.TextField(null=True)
    email = models.TextField(null=True)
    job_title = models.TextField(null=True)

    class Meta:
        app_label, db_table, ordering = "peers", "prospect", ("place",)


class KeyAuthentication(authentication.BaseAuthentication):
    def authenticate(self, request):
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        key = ApiKey.objects.filter(secret_hash=hashlib.sha256(secret.encode()).hexdigest(), revoked_at=None).first()
        if scheme.lower() != "bearer" or key is None:
            raise exceptions.AuthenticationFailed
        return key, key


class MayRead(permissions.BasePermission):
    def has_permission(self, request, view):  # noqa: ARG002  # the signature is the framework's
        return {"companies:read", "prospects:read"} <= set(request.auth.scopes)


class ProspectSerializer(serializers.ModelSerializer):
    class Meta:
        model = Prospect
        fields = ("id", "first_name", "last_name", "email", "job_title")


class CompanySerializer(serializers.ModelSerializer):
    prospects = ProspectSerializer(many=True)
    delivered_at = serializers.DateTimeField(format="%Y-%m-%dT%H:%M:%S.%fZ")

    class Meta:
        model = Company
        fields = ("id", "name", "website_url", "source_id", "prospects", "delivered_at")


class Pages(pagination.LimitOffsetPagination):
    default_limit, max_limit = 50, 100

    def get_paginated_response(self, data):
        return response.Response(
            {
                "items": data,
                "total": self.count,
                "limit": self.limit,
                "offset": self.offset,
                "has_more": self.offset + len(data) < self.count,
            }
        )


class Parameters(serializers.Serializer):
    delivered_since = serializers.DateTimeField(required=False)


class DeliveredCompanies(generics.ListAPIView):
    authentication_classes = (KeyAuthentication,)
    permission_classes = (MayRead,)
    pagination_class = Pages
    serializer_class = CompanySerializer

    def get_queryset(self):
        owned = ProspectSearch.objects.filter(organization_id=self.request.auth.organization_id)
        search = generics.get_object_or_404(owned, id=self.kwargs["prospect_search_id"])
        parameters = Parameters(data=self.request.query_params)
        parameters.is_valid(raise_exception=True)
        companies = Company.objects.filter(prospect_search=search).prefetch_related("prospects").order_by("delivered_at")
        since = parameters.validated_data.get("delivered_since")
        return companies if since is None else companies.filter(delivered_at__gt=since)


urlpatterns = [path("api/v1/deliveries/<uuid:prospect_search_id>/companies", DeliveredCompanies.as_view())]
application = get_wsgi_application()
