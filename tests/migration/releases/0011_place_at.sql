-- {"search_id": "01a20701-38ce-7424-a0e9-35a00df3a509", "keys": {"crm": "Bearer opk_live_mFZ712NNIxckIkI78XCaLoEO2V28v91f", "nightly": "Bearer opk_live_b4180oT3IML7thvbPdA25pmM2j1yPfyP", "producer": "Bearer opk_live_pLGPzl91IVm6Rei7JBBuCSbCUa3BSyF5"}, "cursor": "2026-11-23T06:04:10.431065Z", "held": {"01a20701-3aad-7aad-a95d-b9d9d4eacc88": {"id": "01a20701-3aad-7aad-a95d-b9d9d4eacc88", "name": "Hotel 0", "website_url": null, "source_id": "0", "prospects": [{"id": "01a20701-3ac0-7c38-8fd3-bb82a57b0aae", "first_name": "Ada", "last_name": null, "email": "ada@0.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431036Z"}, "01a20701-3aad-7cdb-918b-5fa2e950075e": {"id": "01a20701-3aad-7cdb-918b-5fa2e950075e", "name": "Hotel 1", "website_url": null, "source_id": "1", "prospects": [{"id": "01a20701-3ac1-7ae0-8559-7cfd13b34aee", "first_name": "Ada", "last_name": null, "email": "ada@1.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431037Z"}, "01a20701-3aad-71bb-ba94-e81123ac1969": {"id": "01a20701-3aad-71bb-ba94-e81123ac1969", "name": "Hotel 2", "website_url": null, "source_id": "2", "prospects": [{"id": "01a20701-3ac1-70b1-bb38-5dd95793684d", "first_name": "Ada", "last_name": null, "email": "ada@2.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431038Z"}, "01a20701-3aad-797f-a107-43aef7cc0396": {"id": "01a20701-3aad-797f-a107-43aef7cc0396", "name": "Hotel 3", "website_url": null, "source_id": "3", "prospects": [{"id": "01a20701-3ac1-76d8-aeee-749935e75323", "first_name": "Ada", "last_name": null, "email": "ada@3.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431039Z"}, "01a20701-3aad-7709-afb4-a9496d270d4b": {"id": "01a20701-3aad-7709-afb4-a9496d270d4b", "name": "Hotel 4", "website_url": null, "source_id": "4", "prospects": [{"id": "01a20701-3ac1-7dc2-9f9e-facf342ded1c", "first_name": "Ada", "last_name": null, "email": "ada@4.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431040Z"}, "01a20701-3aad-7b53-bc1d-cae1c58ec467": {"id": "01a20701-3aad-7b53-bc1d-cae1c58ec467", "name": "Hotel 5", "website_url": null, "source_id": "5", "prospects": [{"id": "01a20701-3ac1-7a44-b776-e614d70de9f4", "first_name": "Ada", "last_name": null, "email": "ada@5.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431041Z"}, "01a20701-3aad-7332-bc66-868703bdb08f": {"id": "01a20701-3aad-7332-bc66-868703bdb08f", "name": "Hotel 6", "website_url": null, "source_id": "6", "prospects": [{"id": "01a20701-3ac1-70ed-ac7c-86acc0837c5a", "first_name": "Ada", "last_name": null, "email": "ada@6.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431042Z"}, "01a20701-3aad-7cfc-8c1f-a1d04979f38a": {"id": "01a20701-3aad-7cfc-8c1f-a1d04979f38a", "name": "Hotel 7", "website_url": null, "source_id": "7", "prospects": [{"id": "01a20701-3ac1-7b3a-8707-5b49911c72d9", "first_name": "Ada", "last_name": null, "email": "ada@7.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431043Z"}, "01a20701-3aad-7a0d-baf4-89c0e57aca5b": {"id": "01a20701-3aad-7a0d-baf4-89c0e57aca5b", "name": "Hotel 8", "website_url": null, "source_id": "8", "prospects": [{"id": "01a20701-3ac1-7ccf-99e6-1fd53ab6548d", "first_name": "Ada", "last_name": null, "email": "ada@8.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431044Z"}, "01a20701-3aad-7867-97bb-50f81a9ddd48": {"id": "01a20701-3aad-7867-97bb-50f81a9ddd48", "name": "Hotel 9", "website_url": null, "source_id": "9", "prospects": [{"id": "01a20701-3ac1-7ffc-94a6-13810692ddc2", "first_name": "Ada", "last_name": null, "email": "ada@9.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431045Z"}, "01a20701-3aad-7a8c-bfe6-3d8efeabe0dc": {"id": "01a20701-3aad-7a8c-bfe6-3d8efeabe0dc", "name": "Hotel 10", "website_url": null, "source_id": "10", "prospects": [{"id": "01a20701-3ac1-7496-bb7c-abd96518e368", "first_name": "Ada", "last_name": null, "email": "ada@10.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431046Z"}, "01a20701-3aad-7cd9-b291-fb6f5c5235eb": {"id": "01a20701-3aad-7cd9-b291-fb6f5c5235eb", "name": "Hotel 11", "website_url": null, "source_id": "11", "prospects": [{"id": "01a20701-3ac1-766a-b71a-ac15ab9625b8", "first_name": "Ada", "last_name": null, "email": "ada@11.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431047Z"}, "01a20701-3aad-799f-b1cd-5a73f310123a": {"id": "01a20701-3aad-799f-b1cd-5a73f310123a", "name": "Hotel 12", "website_url": null, "source_id": "12", "prospects": [{"id": "01a20701-3ac1-7fbb-b0b5-af374176353c", "first_name": "Ada", "last_name": null, "email": "ada@12.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431048Z"}, "01a20701-3aad-76d6-8a8a-2001b572e5fc": {"id": "01a20701-3aad-76d6-8a8a-2001b572e5fc", "name": "Hotel 13", "website_url": null, "source_id": "13", "prospects": [{"id": "01a20701-3ac1-756c-b339-6d6e85eadea6", "first_name": "Ada", "last_name": null, "email": "ada@13.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431049Z"}, "01a20701-3aad-7a6b-8d9a-2bf225bd54ba": {"id": "01a20701-3aad-7a6b-8d9a-2bf225bd54ba", "name": "Hotel 14", "website_url": null, "source_id": "14", "prospects": [{"id": "01a20701-3ac1-761e-853d-d7db22a3c112", "first_name": "Ada", "last_name": null, "email": "ada@14.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431050Z"}, "01a20701-3aad-70f1-86ba-efcc2159646e": {"id": "01a20701-3aad-70f1-86ba-efcc2159646e", "name": "Hotel 15", "website_url": null, "source_id": "15", "prospects": [{"id": "01a20701-3ac1-787f-a069-8b475034fb7d", "first_name": "Ada", "last_name": null, "email": "ada@15.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431051Z"}, "01a20701-3aad-7d4b-98a8-78b67d2e83b6": {"id": "01a20701-3aad-7d4b-98a8-78b67d2e83b6", "name": "Hotel 16", "website_url": null, "source_id": "16", "prospects": [{"id": "01a20701-3ac1-76c2-8ed8-66b20e09b32c", "first_name": "Ada", "last_name": null, "email": "ada@16.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431052Z"}, "01a20701-3aad-7fad-adb3-2f6b09dedd47": {"id": "01a20701-3aad-7fad-adb3-2f6b09dedd47", "name": "Hotel 17", "website_url": null, "source_id": "17", "prospects": [{"id": "01a20701-3ac1-7ec4-85a9-b23cbbe8e702", "first_name": "Ada", "last_name": null, "email": "ada@17.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431053Z"}, "01a20701-3aad-7e9d-a29b-7f9dce652bc4": {"id": "01a20701-3aad-7e9d-a29b-7f9dce652bc4", "name": "Hotel 18", "website_url": null, "source_id": "18", "prospects": [{"id": "01a20701-3ac1-7730-86b7-14a100d8dd25", "first_name": "Ada", "last_name": null, "email": "ada@18.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431054Z"}, "01a20701-3aad-7046-9295-49bc794d3ad6": {"id": "01a20701-3aad-7046-9295-49bc794d3ad6", "name": "Hotel 19", "website_url": null, "source_id": "19", "prospects": [{"id": "01a20701-3ac1-7bff-9d2b-c9bbb84e1317", "first_name": "Ada", "last_name": null, "email": "ada@19.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431055Z"}, "01a20701-3aad-71b5-9f78-3eeec0289533": {"id": "01a20701-3aad-71b5-9f78-3eeec0289533", "name": "Hotel 20", "website_url": null, "source_id": "20", "prospects": [{"id": "01a20701-3ac1-7b63-bc8f-b1863ee44217", "first_name": "Ada", "last_name": null, "email": "ada@20.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431056Z"}, "01a20701-3aad-75e8-bacd-52de9d89a0c9": {"id": "01a20701-3aad-75e8-bacd-52de9d89a0c9", "name": "Hotel 21", "website_url": null, "source_id": "21", "prospects": [{"id": "01a20701-3ac1-7eaf-a6cf-8ff31943c8a5", "first_name": "Ada", "last_name": null, "email": "ada@21.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431057Z"}, "01a20701-3aad-7858-8bda-ce29aaca8c46": {"id": "01a20701-3aad-7858-8bda-ce29aaca8c46", "name": "Hotel 22", "website_url": null, "source_id": "22", "prospects": [{"id": "01a20701-3ac1-75a2-bc12-fe20559aba2b", "first_name": "Ada", "last_name": null, "email": "ada@22.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431058Z"}, "01a20701-3aad-7c0c-9417-837e63bb19c7": {"id": "01a20701-3aad-7c0c-9417-837e63bb19c7", "name": "Hotel 23", "website_url": null, "source_id": "23", "prospects": [{"id": "01a20701-3ac1-7daa-9dce-7952f6526650", "first_name": "Ada", "last_name": null, "email": "ada@23.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431059Z"}, "01a20701-3aad-7595-80ff-58cf4d557f18": {"id": "01a20701-3aad-7595-80ff-58cf4d557f18", "name": "Hotel 24", "website_url": null, "source_id": "24", "prospects": [{"id": "01a20701-3ac1-7200-a868-8426533af3c6", "first_name": "Ada", "last_name": null, "email": "ada@24.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431060Z"}, "01a20701-3aad-75aa-b71d-b0851947c303": {"id": "01a20701-3aad-75aa-b71d-b0851947c303", "name": "Hotel 25", "website_url": null, "source_id": "25", "prospects": [{"id": "01a20701-3ac1-75a4-bb4e-1d1f8ce698d7", "first_name": "Ada", "last_name": null, "email": "ada@25.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431061Z"}, "01a20701-3aad-7c8b-8a45-cbabe7827f95": {"id": "01a20701-3aad-7c8b-8a45-cbabe7827f95", "name": "Hotel 26", "website_url": null, "source_id": "26", "prospects": [{"id": "01a20701-3ac1-71b5-8bb9-1c0601b2068b", "first_name": "Ada", "last_name": null, "email": "ada@26.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431062Z"}, "01a20701-3aad-7d75-8654-359a1401df8e": {"id": "01a20701-3aad-7d75-8654-359a1401df8e", "name": "Hotel 27", "website_url": null, "source_id": "27", "prospects": [{"id": "01a20701-3ac1-7979-978a-cb5a3f4d457d", "first_name": "Ada", "last_name": null, "email": "ada@27.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431063Z"}, "01a20701-3aad-7e67-9ea7-1c2cec4152c2": {"id": "01a20701-3aad-7e67-9ea7-1c2cec4152c2", "name": "Hotel 28", "website_url": null, "source_id": "28", "prospects": [{"id": "01a20701-3ac1-746b-abb6-283ec76c2a3c", "first_name": "Ada", "last_name": null, "email": "ada@28.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431064Z"}, "01a20701-3aad-78cd-97e1-8321218cfad2": {"id": "01a20701-3aad-78cd-97e1-8321218cfad2", "name": "Hotel 29", "website_url": null, "source_id": "29", "prospects": [{"id": "01a20701-3ac1-7aa9-9e1e-5d4864735f2c", "first_name": "Ada", "last_name": null, "email": "ada@29.example", "job_title": null}], "delivered_at": "2026-11-23T06:04:10.431065Z"}}, "walked": ["01a20701-3aad-7aad-a95d-b9d9d4eacc88", "01a20701-3aad-7cdb-918b-5fa2e950075e", "01a20701-3aad-71bb-ba94-e81123ac1969", "01a20701-3aad-797f-a107-43aef7cc0396", "01a20701-3aad-7709-afb4-a9496d270d4b", "01a20701-3aad-7b53-bc1d-cae1c58ec467", "01a20701-3aad-7332-bc66-868703bdb08f", "01a20701-3aad-7cfc-8c1f-a1d04979f38a", "01a20701-3aad-7a0d-baf4-89c0e57aca5b", "01a20701-3aad-7867-97bb-50f81a9ddd48", "01a20701-3aad-7a8c-bfe6-3d8efeabe0dc", "01a20701-3aad-7cd9-b291-fb6f5c5235eb", "01a20701-3aad-799f-b1cd-5a73f310123a", "01a20701-3aad-76d6-8a8a-2001b572e5fc", "01a20701-3aad-7a6b-8d9a-2bf225bd54ba", "01a20701-3aad-70f1-86ba-efcc2159646e", "01a20701-3aad-7d4b-98a8-78b67d2e83b6", "01a20701-3aad-7fad-adb3-2f6b09dedd47", "01a20701-3aad-7e9d-a29b-7f9dce652bc4", "01a20701-3aad-7046-9295-49bc794d3ad6"], "snapshot": ["01a20701-3aad-7aad-a95d-b9d9d4eacc88", "01a20701-3aad-7cdb-918b-5fa2e950075e", "01a20701-3aad-71bb-ba94-e81123ac1969", "01a20701-3aad-797f-a107-43aef7cc0396", "01a20701-3aad-7709-afb4-a9496d270d4b", "01a20701-3aad-7b53-bc1d-cae1c58ec467", "01a20701-3aad-7332-bc66-868703bdb08f", "01a20701-3aad-7cfc-8c1f-a1d04979f38a", "01a20701-3aad-7a0d-baf4-89c0e57aca5b", "01a20701-3aad-7867-97bb-50f81a9ddd48", "01a20701-3aad-7a8c-bfe6-3d8efeabe0dc", "01a20701-3aad-7cd9-b291-fb6f5c5235eb", "01a20701-3aad-799f-b1cd-5a73f310123a", "01a20701-3aad-76d6-8a8a-2001b572e5fc", "01a20701-3aad-7a6b-8d9a-2bf225bd54ba", "01a20701-3aad-70f1-86ba-efcc2159646e", "01a20701-3aad-7d4b-98a8-78b67d2e83b6", "01a20701-3aad-7fad-adb3-2f6b09dedd47", "01a20701-3aad-7e9d-a29b-7f9dce652bc4", "01a20701-3aad-7046-9295-49bc794d3ad6", "01a20701-3aad-71b5-9f78-3eeec0289533", "01a20701-3aad-75e8-bacd-52de9d89a0c9", "01a20701-3aad-7858-8bda-ce29aaca8c46", "01a20701-3aad-7c0c-9417-837e63bb19c7", "01a20701-3aad-7595-80ff-58cf4d557f18", "01a20701-3aad-75aa-b71d-b0851947c303", "01a20701-3aad-7c8b-8a45-cbabe7827f95", "01a20701-3aad-7d75-8654-359a1401df8e", "01a20701-3aad-7e67-9ea7-1c2cec4152c2", "01a20701-3aad-78cd-97e1-8321218cfad2"], "changed": ["01a20701-3aad-797f-a107-43aef7cc0396", "01a20701-3aad-75e8-bacd-52de9d89a0c9", "01a20701-3c24-7d57-98d3-38ffc8ecddf1", "01a20701-3c24-731b-89df-a478c1d327eb", "01a20701-3aad-7cfc-8c1f-a1d04979f38a", "01a20701-3aad-7858-8bda-ce29aaca8c46"]}
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE FUNCTION public.count_delivery_hour() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO delivery_hour (prospect_search_id, hour, deliveries)
    VALUES (NEW.id, date_trunc('hour', NEW.watermark, 'UTC'), NEW.position - OLD.position)
    ON CONFLICT (prospect_search_id, hour) DO UPDATE SET deliveries = delivery_hour.deliveries + excluded.deliveries;
    RETURN NULL;
END;
$$;
CREATE FUNCTION public.count_removal() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO tally (prospect_search_id, level, block, deliveries, removals)
    SELECT NEW.prospect_search_id, level, NEW.position >> 7 * (level + 1), 0, CASE WHEN NEW.superseded_at IS NULL THEN 1 ELSE -1 END
    FROM generate_series(0, 2) AS level
    ON CONFLICT (prospect_search_id, level, block) DO UPDATE SET removals = tally.removals + excluded.removals;
    RETURN NULL;
END;
$$;
CREATE FUNCTION public.current_from(feed uuid, first bigint) RETURNS bigint
    LANGUAGE sql STABLE
    AS $$
    SELECT (
        SELECT count(*) FILTER (WHERE superseded_at IS NULL) FROM delivery
        WHERE prospect_search_id = feed AND position >= first AND position < ((first >> 7) + 1) << 7
    ) + (
        SELECT coalesce(sum(deliveries), 0)::bigint FROM tally
        WHERE prospect_search_id = feed AND level = 0 AND block > first >> 7 AND block < ((first >> 14) + 1) << 7
    ) + (
        SELECT coalesce(sum(deliveries), 0)::bigint FROM tally
        WHERE prospect_search_id = feed AND level = 1 AND block > first >> 14 AND block < ((first >> 21) + 1) << 7
    ) + (
        SELECT coalesce(sum(deliveries), 0)::bigint FROM tally
        WHERE prospect_search_id = feed AND level = 2 AND block > first >> 21
    );
$$;
CREATE FUNCTION public.history_is_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'history is append-only';
END;
$$;
CREATE FUNCTION public.place_at(feed uuid, since timestamp with time zone, as_of timestamp with time zone, skipped bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$
DECLARE
    ahead bigint := skipped;
    chosen bigint := 0;
    width integer;
    lowest bigint := 0;
    highest bigint := 9223372036854775807;
    -- In the order of the index that passes over what was superseded before.
    left_since bigint[] := ARRAY(
        SELECT position FROM delivery
        WHERE prospect_search_id = feed AND superseded_at > as_of AND delivered_at <= as_of AND NOT (is_removal AND since IS NULL)
        ORDER BY superseded_at
    );
    start bigint;
BEGIN
    IF since IS NOT NULL THEN
        start := coalesce((
            SELECT position FROM delivery WHERE prospect_search_id = feed AND superseded_at IS NULL AND delivered_at > since
            ORDER BY delivered_at LIMIT 1
        ), 9223372036854775807);
        ahead := ahead + current_from(feed, 0) - current_from(feed, start) + (
            SELECT count(*) FROM delivery
            WHERE prospect_search_id = feed AND position = ANY (left_since) AND delivered_at <= since
        );
    END IF;
    FOR size IN REVERSE 2..0 LOOP
        width := 7 * (size + 1);
        SELECT counted.block, ahead - counted.before INTO chosen, ahead
        FROM (
            SELECT part.block, sum(sum(part.rows)) OVER (ORDER BY part.block) AS through,
                sum(sum(part.rows)) OVER (ORDER BY part.block) - sum(part.rows) AS before
            FROM (
                SELECT block, deliveries - CASE WHEN since IS NULL THEN removals ELSE 0 END AS rows FROM tally
                WHERE prospect_search_id = feed AND level = size AND block BETWEEN lowest AND highest
                UNION ALL
                SELECT position >> width, 1 FROM unnest(left_since) AS position WHERE position >> width BETWEEN lowest AND highest
            ) AS part
            GROUP BY part.block
        ) AS counted
        WHERE counted.through > ahead ORDER BY counted.block LIMIT 1;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
        lowest := chosen << 7;
        highest := lowest + 127;
    END LOOP;
    RETURN (
        SELECT position FROM delivery
        WHERE prospect_search_id = feed AND position >= chosen << 7 AND position < (chosen + 1) << 7
            AND delivered_at <= as_of AND coalesce(superseded_at, 'infinity') > as_of AND NOT (is_removal AND since IS NULL)
        ORDER BY position OFFSET ahead LIMIT 1
    );
END;
$$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.api_key (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    secret_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    is_live boolean NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone
);
CREATE VIEW public.caller AS
 SELECT secret_hash,
    id AS key_id,
    name AS key_name,
    organization_id,
    scopes,
        CASE
            WHEN (revoked_at IS NOT NULL) THEN 'revoked'::text
            WHEN (expires_at <= clock_timestamp()) THEN 'expired'::text
            ELSE NULL::text
        END AS ended
   FROM public.api_key;
CREATE TABLE public.company (
    prospect_search_id uuid NOT NULL,
    id uuid NOT NULL,
    identity bytea NOT NULL,
    source_id text,
    "position" bigint NOT NULL,
    delivered_at timestamp with time zone NOT NULL,
    content_hash bytea,
    prospects integer NOT NULL
)
WITH (fillfactor='90');
CREATE TABLE public.console_session (
    token_hash bytea NOT NULL,
    key_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.delivery (
    prospect_search_id uuid NOT NULL,
    "position" bigint NOT NULL,
    delivered_at timestamp with time zone NOT NULL,
    company_id uuid NOT NULL,
    superseded_at timestamp with time zone,
    is_removal boolean NOT NULL,
    document text NOT NULL
)
WITH (fillfactor='95');
ALTER TABLE ONLY public.delivery ALTER COLUMN document SET STATISTICS 0;
CREATE TABLE public.delivery_hour (
    prospect_search_id uuid NOT NULL,
    hour timestamp with time zone NOT NULL,
    deliveries bigint NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE public.erasure (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    subject_hash bytea NOT NULL,
    actor text NOT NULL,
    erased_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    deadline_at timestamp with time zone NOT NULL
);
CREATE TABLE public.erasure_place (
    erasure_id uuid NOT NULL,
    prospect_search_id uuid NOT NULL,
    company_id uuid NOT NULL,
    prospect_id uuid NOT NULL,
    delivered_at timestamp with time zone NOT NULL,
    gone_at timestamp with time zone NOT NULL
);
CREATE TABLE public.history (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    organization_id uuid NOT NULL,
    prospect_search_id uuid,
    company_id uuid,
    actor text NOT NULL,
    action text NOT NULL,
    details jsonb
);
ALTER TABLE public.history ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.history_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.idempotent_answer (
    organization_id uuid NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    body text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE public.instance (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    is_only boolean DEFAULT true NOT NULL,
    CONSTRAINT instance_is_only_check CHECK (is_only)
);
CREATE TABLE public.organization (
    id uuid NOT NULL,
    name text NOT NULL,
    hash_key bytea NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE public.prospect (
    prospect_search_id uuid NOT NULL,
    company_id uuid NOT NULL,
    id uuid NOT NULL,
    email_hash bytea,
    name_hash bytea NOT NULL,
    delivered_at timestamp with time zone NOT NULL,
    left_at timestamp with time zone
)
WITH (fillfactor='90');
CREATE TABLE public.prospect_search (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    "position" bigint DEFAULT 0 NOT NULL,
    watermark timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    live_companies bigint DEFAULT 0 NOT NULL,
    live_prospects bigint DEFAULT 0 NOT NULL,
    erasures bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE public.receipt (
    prospect_search_id uuid NOT NULL,
    consumer text NOT NULL,
    served_until timestamp with time zone,
    served_at timestamp with time zone,
    confirmed_until timestamp with time zone,
    confirmed_at timestamp with time zone
)
WITH (fillfactor='50');
CREATE TABLE public.receipt_step (
    id bigint NOT NULL,
    prospect_search_id uuid NOT NULL,
    consumer text NOT NULL,
    kind text NOT NULL,
    until timestamp with time zone NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT receipt_step_kind_check CHECK ((kind = ANY (ARRAY['served'::text, 'confirmed'::text])))
);
ALTER TABLE public.receipt_step ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.receipt_step_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.schema_migration (
    version text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.suppression (
    organization_id uuid NOT NULL,
    kind text NOT NULL,
    hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE public.tally (
    prospect_search_id uuid NOT NULL,
    level smallint NOT NULL,
    block bigint NOT NULL,
    deliveries bigint NOT NULL,
    removals bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE public.walk (
    id bigint NOT NULL,
    prospect_search_id uuid NOT NULL,
    consumer text NOT NULL,
    since timestamp with time zone,
    watermark timestamp with time zone NOT NULL,
    total bigint NOT NULL,
    next_offset bigint,
    next_position bigint,
    page_offset bigint NOT NULL,
    page_position bigint NOT NULL,
    reached_offset bigint NOT NULL,
    begun_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    used_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    told_at timestamp with time zone,
    runs integer DEFAULT 1 NOT NULL
)
WITH (fillfactor='50');
ALTER TABLE public.walk ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.walk_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.webhook (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    prospect_search_id uuid,
    url text NOT NULL,
    events text[] NOT NULL,
    is_full boolean NOT NULL,
    base_url text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    disabled_at timestamp with time zone,
    disabled_reason text,
    answers_kept_from timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL
);
CREATE TABLE public.webhook_attempt (
    id bigint NOT NULL,
    webhook_id uuid NOT NULL,
    prospect_search_id uuid,
    event text NOT NULL,
    message_id text NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    latency_ms integer NOT NULL,
    status integer,
    failure text,
    answer text
);
ALTER TABLE public.webhook_attempt ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.webhook_attempt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.webhook_position (
    webhook_id uuid NOT NULL,
    prospect_search_id uuid NOT NULL,
    "position" timestamp with time zone NOT NULL,
    completed_until timestamp with time zone NOT NULL,
    accepted_until timestamp with time zone,
    claim uuid,
    claimed_until timestamp with time zone,
    next_attempt_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    failing_since timestamp with time zone,
    succeeded_at timestamp with time zone
)
WITH (fillfactor='50');
CREATE TABLE public.webhook_secret (
    webhook_id uuid NOT NULL,
    secret bytea,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    retires_at timestamp with time zone,
    sealed bytea,
    key_id text
);
INSERT INTO public.api_key VALUES
	('01a20701-3824-7976-bcec-cfe556e56189', '01a20701-3808-7620-b410-50de01a68bb0', 'producer', '\x55b6f10cfb85cdf6135307b64a8453dbeafa92d1cc5a4ff9a02537b78576260d', '{companies:read,prospects:read,prospect_searches:read,prospect_searches:write,deliveries:write,erasures:write,console,webhooks:read,webhooks:write}', true, '2026-11-23 06:04:10.162888+00', NULL, NULL, '2026-11-23 06:04:11.379086+00'),
	('01a20701-3880-762e-ab65-e956064822f0', '01a20701-3808-7620-b410-50de01a68bb0', 'crm', '\x441b05fc6d62b26982ec454eded96c46ebf4a6027b83cc5dfc73bab56c3f4d63', '{companies:read,prospects:read,prospect_searches:read,prospect_searches:write,deliveries:write,erasures:write,console,webhooks:read,webhooks:write}', true, '2026-11-23 06:04:10.240477+00', NULL, NULL, '2026-11-23 06:04:11.033846+00'),
	('01a20701-38a8-7392-b501-fba84eb3fe04', '01a20701-3808-7620-b410-50de01a68bb0', 'nightly', '\x57ef10cbc89fdc77a17af6be58c7dd04cba1dc67333a4fdf9f288d119a47ffbf', '{companies:read,prospects:read,prospect_searches:read,prospect_searches:write,deliveries:write,erasures:write,console,webhooks:read,webhooks:write}', true, '2026-11-23 06:04:10.281122+00', NULL, NULL, '2026-11-23 06:04:11.143366+00');
INSERT INTO public.company VALUES
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7aad-a95d-b9d9d4eacc88', '\x3e2beffd29353a61b735d422117fbb94', '0', 1, '2026-11-23 06:04:10.431036+00', '\x04f94cf42ed07f1304d7ec2ec50923b7', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7cdb-918b-5fa2e950075e', '\xc1181e0129b5ed824325860f741349a1', '1', 2, '2026-11-23 06:04:10.431037+00', '\x8575f67a137dd562659abe10a07212e6', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-71bb-ba94-e81123ac1969', '\x89eb0ba1b8baac6b83a26301385914a8', '2', 3, '2026-11-23 06:04:10.431038+00', '\xb9de19bd0b2a0ff22653fffdf4d4a8bc', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7709-afb4-a9496d270d4b', '\xc9dcd421429613da94e2a3652d7540f1', '4', 5, '2026-11-23 06:04:10.43104+00', '\x23f2d007b3d7bf0a9957032444936776', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7b53-bc1d-cae1c58ec467', '\x1494c85dc647986214de3441560d1132', '5', 6, '2026-11-23 06:04:10.431041+00', '\xac9c6eb41645c3bd25239ddefd779a1a', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7332-bc66-868703bdb08f', '\xcb8a81c13377f92d494cd9d9d899c871', '6', 7, '2026-11-23 06:04:10.431042+00', '\x0b0f00fb08ae255834400cd8e9e67291', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7a0d-baf4-89c0e57aca5b', '\xa861d6451cc98bbc55190153111e6572', '8', 9, '2026-11-23 06:04:10.431044+00', '\xfca4e87150efb71427c8199d6970479f', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7867-97bb-50f81a9ddd48', '\x2afe402247c1be840484cf3067e08772', '9', 10, '2026-11-23 06:04:10.431045+00', '\x2e1c358ea6a68d97ad398ebb378479ca', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7a8c-bfe6-3d8efeabe0dc', '\x7f356b1d80d0aab006387183303584d6', '10', 11, '2026-11-23 06:04:10.431046+00', '\xbe433b8ab1899eab3727df829faca7d0', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7cd9-b291-fb6f5c5235eb', '\x1f45b22699433c329ca89645230eeb3e', '11', 12, '2026-11-23 06:04:10.431047+00', '\xecd2d72385c32e30a4c535df09908a01', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-799f-b1cd-5a73f310123a', '\x5257a97f66ec0b14d689b325a07d8726', '12', 13, '2026-11-23 06:04:10.431048+00', '\xad882573e0140992f762a69bb5176a51', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-76d6-8a8a-2001b572e5fc', '\x61d49b540fb85bc77437f1ead007fb1d', '13', 14, '2026-11-23 06:04:10.431049+00', '\x459c6fc30b8d28391bc0f182b6d64a4e', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7a6b-8d9a-2bf225bd54ba', '\xf5a3c401d992c342d1e3b659b98a674f', '14', 15, '2026-11-23 06:04:10.43105+00', '\x5fd9b60214a5a34270e5fffbcc984091', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-70f1-86ba-efcc2159646e', '\x5d51df1bbf40dfda5429d900fcbc0e15', '15', 16, '2026-11-23 06:04:10.431051+00', '\xd89c6f46c3ccf4299d2705536d8a936c', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7d4b-98a8-78b67d2e83b6', '\xc71545c80bb5d7208a2897eaf6e2bc65', '16', 17, '2026-11-23 06:04:10.431052+00', '\x8faed62455840a156b5c0f9f03a35cc5', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7fad-adb3-2f6b09dedd47', '\x3eec93b089ef29be10afd6bd2a1c1558', '17', 18, '2026-11-23 06:04:10.431053+00', '\xf24c39af67880b0c4eb8ec8a3d119b1d', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7e9d-a29b-7f9dce652bc4', '\x839be6dc17b3fedae75049c82aa7db96', '18', 19, '2026-11-23 06:04:10.431054+00', '\x1e3f65b54c93f0f1d6213db3170f0d1b', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7046-9295-49bc794d3ad6', '\xbeae020809f3b4de37c5f97f5de8cf34', '19', 20, '2026-11-23 06:04:10.431055+00', '\x8ead24e5fb517257b1283727d5af8a93', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-71b5-9f78-3eeec0289533', '\x6db9610232b9d165aac5e3e9658c3991', '20', 21, '2026-11-23 06:04:10.431056+00', '\x18c106c2282d9e6ebac494465240ebe1', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7c0c-9417-837e63bb19c7', '\xabf338ec0b6cb6301727b69f6ac90664', '23', 24, '2026-11-23 06:04:10.431059+00', '\x687d04b8be93330d64bc46abccea4634', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7595-80ff-58cf4d557f18', '\x7b24f3b46717a72b562ebfd0c192b03d', '24', 25, '2026-11-23 06:04:10.43106+00', '\xbd858fa39596a9943910af2c11dcd66d', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-75aa-b71d-b0851947c303', '\xa36b7ca0acaa519526bf51026a32f112', '25', 26, '2026-11-23 06:04:10.431061+00', '\x06bcf9ba2ea85700baf9a12c8dfb5e26', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7c8b-8a45-cbabe7827f95', '\x19af6a035899059b717d2188a6f4e0d1', '26', 27, '2026-11-23 06:04:10.431062+00', '\xd9035e872ec215a10dffc35a936f4210', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7d75-8654-359a1401df8e', '\x04b247333185e12974357e6bddf28ff4', '27', 28, '2026-11-23 06:04:10.431063+00', '\x34d0a259edfbc2d8089858b547a05a0d', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7e67-9ea7-1c2cec4152c2', '\xf0c5857231593532bd5bb2a4a8aad49e', '28', 29, '2026-11-23 06:04:10.431064+00', '\x0199531958e353884f5e7eb01c5fc2ec', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-78cd-97e1-8321218cfad2', '\x26812f58dfc4bfe3e513c01ec9257ac8', '29', 30, '2026-11-23 06:04:10.431065+00', '\x016800fa009f3e240ad885d0cc405940', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3c24-7d57-98d3-38ffc8ecddf1', '\x8361cac8828d604451bf08b5199b54fa', '30', 33, '2026-11-23 06:04:11.167807+00', '\xcce544944a03a973675ea662b2200530', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3c24-731b-89df-a478c1d327eb', '\x17cbb18c2080bd7ddd5b877f967ade3c', '31', 34, '2026-11-23 06:04:11.167808+00', '\xecdf093bf6668f6360f338399c4d6ac3', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-797f-a107-43aef7cc0396', '\xe1797881b365477f3f4d7ea283a27fee', '3', 31, '2026-11-23 06:04:11.167805+00', '\x69126d1a48e579f5e0e4264a89767485', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-75e8-bacd-52de9d89a0c9', '\x90a9c62e6687b1328fd8ad2a6a5647b1', '21', 32, '2026-11-23 06:04:11.167806+00', '\xfc4cef611c3b8be184fe9549fcbedd01', 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7cfc-8c1f-a1d04979f38a', '\x9b9730e86d7680a79c9d32cc073afa42', '7', 35, '2026-11-23 06:04:11.345965+00', NULL, 0),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7858-8bda-ce29aaca8c46', '\xe643a464d1284aa37a4460366e03e7d3', '22', 36, '2026-11-23 06:04:11.388652+00', '\x5131a665cc6ee3d349402d286d27ef57', 0);
INSERT INTO public.delivery VALUES
	('01a20701-38ce-7424-a0e9-35a00df3a509', 1, '2026-11-23 06:04:10.431036+00', '01a20701-3aad-7aad-a95d-b9d9d4eacc88', NULL, false, '{"id":"01a20701-3aad-7aad-a95d-b9d9d4eacc88","name":"Hotel 0","website_url":null,"source_id":"0","prospects":[{"id":"01a20701-3ac0-7c38-8fd3-bb82a57b0aae","first_name":"Ada","last_name":null,"email":"ada@0.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431036Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 2, '2026-11-23 06:04:10.431037+00', '01a20701-3aad-7cdb-918b-5fa2e950075e', NULL, false, '{"id":"01a20701-3aad-7cdb-918b-5fa2e950075e","name":"Hotel 1","website_url":null,"source_id":"1","prospects":[{"id":"01a20701-3ac1-7ae0-8559-7cfd13b34aee","first_name":"Ada","last_name":null,"email":"ada@1.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431037Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 3, '2026-11-23 06:04:10.431038+00', '01a20701-3aad-71bb-ba94-e81123ac1969', NULL, false, '{"id":"01a20701-3aad-71bb-ba94-e81123ac1969","name":"Hotel 2","website_url":null,"source_id":"2","prospects":[{"id":"01a20701-3ac1-70b1-bb38-5dd95793684d","first_name":"Ada","last_name":null,"email":"ada@2.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431038Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 5, '2026-11-23 06:04:10.43104+00', '01a20701-3aad-7709-afb4-a9496d270d4b', NULL, false, '{"id":"01a20701-3aad-7709-afb4-a9496d270d4b","name":"Hotel 4","website_url":null,"source_id":"4","prospects":[{"id":"01a20701-3ac1-7dc2-9f9e-facf342ded1c","first_name":"Ada","last_name":null,"email":"ada@4.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431040Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 6, '2026-11-23 06:04:10.431041+00', '01a20701-3aad-7b53-bc1d-cae1c58ec467', NULL, false, '{"id":"01a20701-3aad-7b53-bc1d-cae1c58ec467","name":"Hotel 5","website_url":null,"source_id":"5","prospects":[{"id":"01a20701-3ac1-7a44-b776-e614d70de9f4","first_name":"Ada","last_name":null,"email":"ada@5.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431041Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 7, '2026-11-23 06:04:10.431042+00', '01a20701-3aad-7332-bc66-868703bdb08f', NULL, false, '{"id":"01a20701-3aad-7332-bc66-868703bdb08f","name":"Hotel 6","website_url":null,"source_id":"6","prospects":[{"id":"01a20701-3ac1-70ed-ac7c-86acc0837c5a","first_name":"Ada","last_name":null,"email":"ada@6.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431042Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 9, '2026-11-23 06:04:10.431044+00', '01a20701-3aad-7a0d-baf4-89c0e57aca5b', NULL, false, '{"id":"01a20701-3aad-7a0d-baf4-89c0e57aca5b","name":"Hotel 8","website_url":null,"source_id":"8","prospects":[{"id":"01a20701-3ac1-7ccf-99e6-1fd53ab6548d","first_name":"Ada","last_name":null,"email":"ada@8.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431044Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 10, '2026-11-23 06:04:10.431045+00', '01a20701-3aad-7867-97bb-50f81a9ddd48', NULL, false, '{"id":"01a20701-3aad-7867-97bb-50f81a9ddd48","name":"Hotel 9","website_url":null,"source_id":"9","prospects":[{"id":"01a20701-3ac1-7ffc-94a6-13810692ddc2","first_name":"Ada","last_name":null,"email":"ada@9.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431045Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 11, '2026-11-23 06:04:10.431046+00', '01a20701-3aad-7a8c-bfe6-3d8efeabe0dc', NULL, false, '{"id":"01a20701-3aad-7a8c-bfe6-3d8efeabe0dc","name":"Hotel 10","website_url":null,"source_id":"10","prospects":[{"id":"01a20701-3ac1-7496-bb7c-abd96518e368","first_name":"Ada","last_name":null,"email":"ada@10.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431046Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 12, '2026-11-23 06:04:10.431047+00', '01a20701-3aad-7cd9-b291-fb6f5c5235eb', NULL, false, '{"id":"01a20701-3aad-7cd9-b291-fb6f5c5235eb","name":"Hotel 11","website_url":null,"source_id":"11","prospects":[{"id":"01a20701-3ac1-766a-b71a-ac15ab9625b8","first_name":"Ada","last_name":null,"email":"ada@11.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431047Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 13, '2026-11-23 06:04:10.431048+00', '01a20701-3aad-799f-b1cd-5a73f310123a', NULL, false, '{"id":"01a20701-3aad-799f-b1cd-5a73f310123a","name":"Hotel 12","website_url":null,"source_id":"12","prospects":[{"id":"01a20701-3ac1-7fbb-b0b5-af374176353c","first_name":"Ada","last_name":null,"email":"ada@12.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431048Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 14, '2026-11-23 06:04:10.431049+00', '01a20701-3aad-76d6-8a8a-2001b572e5fc', NULL, false, '{"id":"01a20701-3aad-76d6-8a8a-2001b572e5fc","name":"Hotel 13","website_url":null,"source_id":"13","prospects":[{"id":"01a20701-3ac1-756c-b339-6d6e85eadea6","first_name":"Ada","last_name":null,"email":"ada@13.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431049Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 15, '2026-11-23 06:04:10.43105+00', '01a20701-3aad-7a6b-8d9a-2bf225bd54ba', NULL, false, '{"id":"01a20701-3aad-7a6b-8d9a-2bf225bd54ba","name":"Hotel 14","website_url":null,"source_id":"14","prospects":[{"id":"01a20701-3ac1-761e-853d-d7db22a3c112","first_name":"Ada","last_name":null,"email":"ada@14.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431050Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 16, '2026-11-23 06:04:10.431051+00', '01a20701-3aad-70f1-86ba-efcc2159646e', NULL, false, '{"id":"01a20701-3aad-70f1-86ba-efcc2159646e","name":"Hotel 15","website_url":null,"source_id":"15","prospects":[{"id":"01a20701-3ac1-787f-a069-8b475034fb7d","first_name":"Ada","last_name":null,"email":"ada@15.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431051Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 17, '2026-11-23 06:04:10.431052+00', '01a20701-3aad-7d4b-98a8-78b67d2e83b6', NULL, false, '{"id":"01a20701-3aad-7d4b-98a8-78b67d2e83b6","name":"Hotel 16","website_url":null,"source_id":"16","prospects":[{"id":"01a20701-3ac1-76c2-8ed8-66b20e09b32c","first_name":"Ada","last_name":null,"email":"ada@16.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431052Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 18, '2026-11-23 06:04:10.431053+00', '01a20701-3aad-7fad-adb3-2f6b09dedd47', NULL, false, '{"id":"01a20701-3aad-7fad-adb3-2f6b09dedd47","name":"Hotel 17","website_url":null,"source_id":"17","prospects":[{"id":"01a20701-3ac1-7ec4-85a9-b23cbbe8e702","first_name":"Ada","last_name":null,"email":"ada@17.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431053Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 19, '2026-11-23 06:04:10.431054+00', '01a20701-3aad-7e9d-a29b-7f9dce652bc4', NULL, false, '{"id":"01a20701-3aad-7e9d-a29b-7f9dce652bc4","name":"Hotel 18","website_url":null,"source_id":"18","prospects":[{"id":"01a20701-3ac1-7730-86b7-14a100d8dd25","first_name":"Ada","last_name":null,"email":"ada@18.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431054Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 20, '2026-11-23 06:04:10.431055+00', '01a20701-3aad-7046-9295-49bc794d3ad6', NULL, false, '{"id":"01a20701-3aad-7046-9295-49bc794d3ad6","name":"Hotel 19","website_url":null,"source_id":"19","prospects":[{"id":"01a20701-3ac1-7bff-9d2b-c9bbb84e1317","first_name":"Ada","last_name":null,"email":"ada@19.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431055Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 21, '2026-11-23 06:04:10.431056+00', '01a20701-3aad-71b5-9f78-3eeec0289533', NULL, false, '{"id":"01a20701-3aad-71b5-9f78-3eeec0289533","name":"Hotel 20","website_url":null,"source_id":"20","prospects":[{"id":"01a20701-3ac1-7b63-bc8f-b1863ee44217","first_name":"Ada","last_name":null,"email":"ada@20.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431056Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 4, '2026-11-23 06:04:10.431039+00', '01a20701-3aad-797f-a107-43aef7cc0396', '2026-11-23 06:04:11.167805+00', false, '{"id":"01a20701-3aad-797f-a107-43aef7cc0396","name":"Hotel 3","website_url":null,"source_id":"3","prospects":[{"id":"01a20701-3ac1-76d8-aeee-749935e75323","first_name":"Ada","last_name":null,"email":"ada@3.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431039Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 8, '2026-11-23 06:04:10.431043+00', '01a20701-3aad-7cfc-8c1f-a1d04979f38a', '2026-11-23 06:04:11.345965+00', false, '{"id":"01a20701-3aad-7cfc-8c1f-a1d04979f38a","name":"Hotel 7","website_url":null,"source_id":"7","prospects":[{"id":"01a20701-3ac1-7b3a-8707-5b49911c72d9","first_name":"Ada","last_name":null,"email":"ada@7.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431043Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 24, '2026-11-23 06:04:10.431059+00', '01a20701-3aad-7c0c-9417-837e63bb19c7', NULL, false, '{"id":"01a20701-3aad-7c0c-9417-837e63bb19c7","name":"Hotel 23","website_url":null,"source_id":"23","prospects":[{"id":"01a20701-3ac1-7daa-9dce-7952f6526650","first_name":"Ada","last_name":null,"email":"ada@23.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431059Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 25, '2026-11-23 06:04:10.43106+00', '01a20701-3aad-7595-80ff-58cf4d557f18', NULL, false, '{"id":"01a20701-3aad-7595-80ff-58cf4d557f18","name":"Hotel 24","website_url":null,"source_id":"24","prospects":[{"id":"01a20701-3ac1-7200-a868-8426533af3c6","first_name":"Ada","last_name":null,"email":"ada@24.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431060Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 26, '2026-11-23 06:04:10.431061+00', '01a20701-3aad-75aa-b71d-b0851947c303', NULL, false, '{"id":"01a20701-3aad-75aa-b71d-b0851947c303","name":"Hotel 25","website_url":null,"source_id":"25","prospects":[{"id":"01a20701-3ac1-75a4-bb4e-1d1f8ce698d7","first_name":"Ada","last_name":null,"email":"ada@25.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431061Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 27, '2026-11-23 06:04:10.431062+00', '01a20701-3aad-7c8b-8a45-cbabe7827f95', NULL, false, '{"id":"01a20701-3aad-7c8b-8a45-cbabe7827f95","name":"Hotel 26","website_url":null,"source_id":"26","prospects":[{"id":"01a20701-3ac1-71b5-8bb9-1c0601b2068b","first_name":"Ada","last_name":null,"email":"ada@26.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431062Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 28, '2026-11-23 06:04:10.431063+00', '01a20701-3aad-7d75-8654-359a1401df8e', NULL, false, '{"id":"01a20701-3aad-7d75-8654-359a1401df8e","name":"Hotel 27","website_url":null,"source_id":"27","prospects":[{"id":"01a20701-3ac1-7979-978a-cb5a3f4d457d","first_name":"Ada","last_name":null,"email":"ada@27.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431063Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 29, '2026-11-23 06:04:10.431064+00', '01a20701-3aad-7e67-9ea7-1c2cec4152c2', NULL, false, '{"id":"01a20701-3aad-7e67-9ea7-1c2cec4152c2","name":"Hotel 28","website_url":null,"source_id":"28","prospects":[{"id":"01a20701-3ac1-746b-abb6-283ec76c2a3c","first_name":"Ada","last_name":null,"email":"ada@28.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431064Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 30, '2026-11-23 06:04:10.431065+00', '01a20701-3aad-78cd-97e1-8321218cfad2', NULL, false, '{"id":"01a20701-3aad-78cd-97e1-8321218cfad2","name":"Hotel 29","website_url":null,"source_id":"29","prospects":[{"id":"01a20701-3ac1-7aa9-9e1e-5d4864735f2c","first_name":"Ada","last_name":null,"email":"ada@29.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431065Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 31, '2026-11-23 06:04:11.167805+00', '01a20701-3aad-797f-a107-43aef7cc0396', NULL, false, '{"id":"01a20701-3aad-797f-a107-43aef7cc0396","name":"Hotel, later, 3","website_url":null,"source_id":"3","prospects":[{"id":"01a20701-3ac1-76d8-aeee-749935e75323","first_name":"Ada","last_name":null,"email":"ada@3.example","job_title":null}],"delivered_at":"2026-11-23T06:04:11.167805Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 32, '2026-11-23 06:04:11.167806+00', '01a20701-3aad-75e8-bacd-52de9d89a0c9', NULL, false, '{"id":"01a20701-3aad-75e8-bacd-52de9d89a0c9","name":"Hotel, later, 21","website_url":null,"source_id":"21","prospects":[{"id":"01a20701-3ac1-7eaf-a6cf-8ff31943c8a5","first_name":"Ada","last_name":null,"email":"ada@21.example","job_title":null}],"delivered_at":"2026-11-23T06:04:11.167806Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 33, '2026-11-23 06:04:11.167807+00', '01a20701-3c24-7d57-98d3-38ffc8ecddf1', NULL, false, '{"id":"01a20701-3c24-7d57-98d3-38ffc8ecddf1","name":"Hotel, later, 30","website_url":null,"source_id":"30","prospects":[{"id":"01a20701-3c26-7e59-835e-d34b594f9d07","first_name":"Ada","last_name":null,"email":"ada@30.example","job_title":null}],"delivered_at":"2026-11-23T06:04:11.167807Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 34, '2026-11-23 06:04:11.167808+00', '01a20701-3c24-731b-89df-a478c1d327eb', NULL, false, '{"id":"01a20701-3c24-731b-89df-a478c1d327eb","name":"Hotel, later, 31","website_url":null,"source_id":"31","prospects":[{"id":"01a20701-3c26-7fc6-974e-8d23dd7a46f8","first_name":"Ada","last_name":null,"email":"ada@31.example","job_title":null}],"delivered_at":"2026-11-23T06:04:11.167808Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 22, '2026-11-23 06:04:10.431057+00', '01a20701-3aad-75e8-bacd-52de9d89a0c9', '2026-11-23 06:04:11.167806+00', false, '{"id":"01a20701-3aad-75e8-bacd-52de9d89a0c9","name":"Hotel 21","website_url":null,"source_id":"21","prospects":[{"id":"01a20701-3ac1-7eaf-a6cf-8ff31943c8a5","first_name":"Ada","last_name":null,"email":"ada@21.example","job_title":null}],"delivered_at":"2026-11-23T06:04:10.431057Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 35, '2026-11-23 06:04:11.345965+00', '01a20701-3aad-7cfc-8c1f-a1d04979f38a', NULL, true, '{"id":"01a20701-3aad-7cfc-8c1f-a1d04979f38a","name":"Hotel 7","website_url":null,"source_id":"7","prospects":[],"delivered_at":"2026-11-23T06:04:11.345965Z","removed_at":"2026-11-23T06:04:11.345965Z","removal_reason":null}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 36, '2026-11-23 06:04:11.388652+00', '01a20701-3aad-7858-8bda-ce29aaca8c46', NULL, false, '{"id":"01a20701-3aad-7858-8bda-ce29aaca8c46","name":"Hotel 22","website_url":null,"source_id":"22","prospects":[],"delivered_at":"2026-11-23T06:04:11.388652Z"}'),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 23, '2026-11-23 06:04:10.431058+00', '01a20701-3aad-7858-8bda-ce29aaca8c46', '2026-11-23 06:04:11.388652+00', false, '{"id":"01a20701-3aad-7858-8bda-ce29aaca8c46","name":"Hotel 22","website_url":null,"source_id":"22","prospects":[],"delivered_at":"2026-11-23T06:04:10.431058Z"}');
INSERT INTO public.delivery_hour VALUES
	('01a20701-38ce-7424-a0e9-35a00df3a509', '2026-11-23 06:00:00+00', 36);
INSERT INTO public.erasure VALUES
	('01a20701-3cfd-70e7-8177-a96d5aac3af0', '01a20701-3808-7620-b410-50de01a68bb0', '\xba8cb81b05d6bcc36c4e0ce8c16070ac', 'key producer', '2026-11-23 06:04:11.390329+00', '2026-12-23 06:04:11.390329+00');
INSERT INTO public.erasure_place VALUES
	('01a20701-3cfd-70e7-8177-a96d5aac3af0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7858-8bda-ce29aaca8c46', '01a20701-3ac1-75a2-bc12-fe20559aba2b', '2026-11-23 06:04:10.431058+00', '2026-11-23 06:04:11.388652+00');
INSERT INTO public.history OVERRIDING SYSTEM VALUE VALUES
	(1, '2026-11-23 06:04:10.212212+00', '01a20701-3808-7620-b410-50de01a68bb0', NULL, NULL, 'test', 'key created', '{"name": "producer", "key_id": "01a20701-3824-7976-bcec-cfe556e56189", "scopes": ["companies:read", "prospects:read", "prospect_searches:read", "prospect_searches:write", "deliveries:write", "erasures:write", "console", "webhooks:read", "webhooks:write"]}'),
	(2, '2026-11-23 06:04:10.241155+00', '01a20701-3808-7620-b410-50de01a68bb0', NULL, NULL, 'test', 'key created', '{"name": "crm", "key_id": "01a20701-3880-762e-ab65-e956064822f0", "scopes": ["companies:read", "prospects:read", "prospect_searches:read", "prospect_searches:write", "deliveries:write", "erasures:write", "console", "webhooks:read", "webhooks:write"]}'),
	(3, '2026-11-23 06:04:10.282546+00', '01a20701-3808-7620-b410-50de01a68bb0', NULL, NULL, 'test', 'key created', '{"name": "nightly", "key_id": "01a20701-38a8-7392-b501-fba84eb3fe04", "scopes": ["companies:read", "prospects:read", "prospect_searches:read", "prospect_searches:write", "deliveries:write", "erasures:write", "console", "webhooks:read", "webhooks:write"]}'),
	(4, '2026-11-23 06:04:10.33665+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', NULL, 'key producer', 'search created', NULL),
	(5, '2026-11-23 06:04:10.826697+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7aad-a95d-b9d9d4eacc88', 'key producer', 'delivered', NULL),
	(6, '2026-11-23 06:04:10.826854+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7cdb-918b-5fa2e950075e', 'key producer', 'delivered', NULL),
	(7, '2026-11-23 06:04:10.826858+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-71bb-ba94-e81123ac1969', 'key producer', 'delivered', NULL),
	(8, '2026-11-23 06:04:10.82686+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-797f-a107-43aef7cc0396', 'key producer', 'delivered', NULL),
	(9, '2026-11-23 06:04:10.826865+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7709-afb4-a9496d270d4b', 'key producer', 'delivered', NULL),
	(10, '2026-11-23 06:04:10.826867+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7b53-bc1d-cae1c58ec467', 'key producer', 'delivered', NULL),
	(11, '2026-11-23 06:04:10.826869+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7332-bc66-868703bdb08f', 'key producer', 'delivered', NULL),
	(12, '2026-11-23 06:04:10.826871+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7cfc-8c1f-a1d04979f38a', 'key producer', 'delivered', NULL),
	(13, '2026-11-23 06:04:10.826872+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7a0d-baf4-89c0e57aca5b', 'key producer', 'delivered', NULL),
	(14, '2026-11-23 06:04:10.826874+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7867-97bb-50f81a9ddd48', 'key producer', 'delivered', NULL),
	(15, '2026-11-23 06:04:10.826875+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7a8c-bfe6-3d8efeabe0dc', 'key producer', 'delivered', NULL),
	(16, '2026-11-23 06:04:10.826876+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7cd9-b291-fb6f5c5235eb', 'key producer', 'delivered', NULL),
	(17, '2026-11-23 06:04:10.826878+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-799f-b1cd-5a73f310123a', 'key producer', 'delivered', NULL),
	(18, '2026-11-23 06:04:10.82688+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-76d6-8a8a-2001b572e5fc', 'key producer', 'delivered', NULL),
	(19, '2026-11-23 06:04:10.826881+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7a6b-8d9a-2bf225bd54ba', 'key producer', 'delivered', NULL),
	(20, '2026-11-23 06:04:10.826882+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-70f1-86ba-efcc2159646e', 'key producer', 'delivered', NULL),
	(21, '2026-11-23 06:04:10.826884+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7d4b-98a8-78b67d2e83b6', 'key producer', 'delivered', NULL),
	(22, '2026-11-23 06:04:10.826887+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7fad-adb3-2f6b09dedd47', 'key producer', 'delivered', NULL),
	(23, '2026-11-23 06:04:10.826889+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7e9d-a29b-7f9dce652bc4', 'key producer', 'delivered', NULL),
	(24, '2026-11-23 06:04:10.82689+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7046-9295-49bc794d3ad6', 'key producer', 'delivered', NULL),
	(25, '2026-11-23 06:04:10.826892+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-71b5-9f78-3eeec0289533', 'key producer', 'delivered', NULL),
	(26, '2026-11-23 06:04:10.826893+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-75e8-bacd-52de9d89a0c9', 'key producer', 'delivered', NULL),
	(27, '2026-11-23 06:04:10.826894+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7858-8bda-ce29aaca8c46', 'key producer', 'delivered', NULL),
	(28, '2026-11-23 06:04:10.826896+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7c0c-9417-837e63bb19c7', 'key producer', 'delivered', NULL),
	(29, '2026-11-23 06:04:10.826897+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7595-80ff-58cf4d557f18', 'key producer', 'delivered', NULL),
	(30, '2026-11-23 06:04:10.826899+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-75aa-b71d-b0851947c303', 'key producer', 'delivered', NULL),
	(31, '2026-11-23 06:04:10.8269+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7c8b-8a45-cbabe7827f95', 'key producer', 'delivered', NULL),
	(32, '2026-11-23 06:04:10.826902+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7d75-8654-359a1401df8e', 'key producer', 'delivered', NULL),
	(33, '2026-11-23 06:04:10.826903+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7e67-9ea7-1c2cec4152c2', 'key producer', 'delivered', NULL),
	(34, '2026-11-23 06:04:10.826905+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-78cd-97e1-8321218cfad2', 'key producer', 'delivered', NULL),
	(35, '2026-11-23 06:04:11.015948+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', NULL, 'key producer', 'webhook created', '{"url": "http://127.0.0.1:1025/", "full": false, "events": ["company.delivered", "company.withdrawn", "prospect.erased"], "webhook_id": "01a20701-3b6f-7d4e-b13d-19aea8cebb29"}'),
	(36, '2026-11-23 06:04:11.204566+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-797f-a107-43aef7cc0396', 'key producer', 'redelivered', '{"changed": ["name"]}'),
	(37, '2026-11-23 06:04:11.204618+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-75e8-bacd-52de9d89a0c9', 'key producer', 'redelivered', '{"changed": ["name"]}'),
	(38, '2026-11-23 06:04:11.204622+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3c24-7d57-98d3-38ffc8ecddf1', 'key producer', 'delivered', NULL),
	(39, '2026-11-23 06:04:11.204624+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3c24-731b-89df-a478c1d327eb', 'key producer', 'delivered', NULL),
	(40, '2026-11-23 06:04:11.366971+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7cfc-8c1f-a1d04979f38a', 'key producer', 'withdrawn', NULL),
	(41, '2026-11-23 06:04:11.441865+00', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7858-8bda-ce29aaca8c46', 'key producer', 'person erased', '{"prospect_id": "01a20701-3ac1-75a2-bc12-fe20559aba2b"}'),
	(42, '2026-11-23 06:04:11.491865+00', '01a20701-3808-7620-b410-50de01a68bb0', NULL, NULL, 'key producer', 'person erased', '{"erasure_id": "01a20701-3cfd-70e7-8177-a96d5aac3af0"}');
INSERT INTO public.instance VALUES
	('838982bd-3307-4994-af39-64fa776d1e6a', true);
INSERT INTO public.organization VALUES
	('01a20701-3808-7620-b410-50de01a68bb0', 'default', '\xa9f67eee19848a12c1ee4579fa76cb510bb02d8110df2a71d3b2d2513b48c232', '2026-11-23 06:04:10.134274+00');
INSERT INTO public.prospect VALUES
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7aad-a95d-b9d9d4eacc88', '01a20701-3ac0-7c38-8fd3-bb82a57b0aae', '\xdd94b0bb55a71a90b3c696d8d5b83fae', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431036+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7cdb-918b-5fa2e950075e', '01a20701-3ac1-7ae0-8559-7cfd13b34aee', '\x9568454abbe02337b79988e1d361ce29', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431037+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-71bb-ba94-e81123ac1969', '01a20701-3ac1-70b1-bb38-5dd95793684d', '\x233ab945c43a81f8a2af6734be502840', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431038+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-797f-a107-43aef7cc0396', '01a20701-3ac1-76d8-aeee-749935e75323', '\xf2aea7d7e455dbb65bb97f53857e4694', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431039+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7709-afb4-a9496d270d4b', '01a20701-3ac1-7dc2-9f9e-facf342ded1c', '\x81f3c5af213ccb06849700c0ffa3167c', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.43104+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7b53-bc1d-cae1c58ec467', '01a20701-3ac1-7a44-b776-e614d70de9f4', '\xe0c5f48996c592531455665bda4c1a08', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431041+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7332-bc66-868703bdb08f', '01a20701-3ac1-70ed-ac7c-86acc0837c5a', '\xc60f2f87d0e818364c653fdac847dfc1', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431042+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7a0d-baf4-89c0e57aca5b', '01a20701-3ac1-7ccf-99e6-1fd53ab6548d', '\xf060501b1212177bc0b79f3fb01c940e', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431044+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7867-97bb-50f81a9ddd48', '01a20701-3ac1-7ffc-94a6-13810692ddc2', '\x951f63bbd3eeb66b128c42112fa76786', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431045+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7a8c-bfe6-3d8efeabe0dc', '01a20701-3ac1-7496-bb7c-abd96518e368', '\x4caeabd5ef031a8f7c5af8207a265862', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431046+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7cd9-b291-fb6f5c5235eb', '01a20701-3ac1-766a-b71a-ac15ab9625b8', '\xc2e66115367e750ca0e1ae6e9d8d9d86', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431047+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-799f-b1cd-5a73f310123a', '01a20701-3ac1-7fbb-b0b5-af374176353c', '\x01134d7912b3a5980d92b65947864ccd', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431048+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-76d6-8a8a-2001b572e5fc', '01a20701-3ac1-756c-b339-6d6e85eadea6', '\x2482f61ebd1070e68afb1f5771765981', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431049+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7a6b-8d9a-2bf225bd54ba', '01a20701-3ac1-761e-853d-d7db22a3c112', '\x072f182de55e1bb41432eed34e9600c8', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.43105+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-70f1-86ba-efcc2159646e', '01a20701-3ac1-787f-a069-8b475034fb7d', '\xdcda84d0000a148a739441d946f238f6', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431051+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7d4b-98a8-78b67d2e83b6', '01a20701-3ac1-76c2-8ed8-66b20e09b32c', '\xa3cdd5a352a12b3e9c35e341c9225ef4', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431052+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7fad-adb3-2f6b09dedd47', '01a20701-3ac1-7ec4-85a9-b23cbbe8e702', '\x0c6901dcb538b305321bab336b370c3d', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431053+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7e9d-a29b-7f9dce652bc4', '01a20701-3ac1-7730-86b7-14a100d8dd25', '\x85c56bd4848e152df2565bc17d1ed9a7', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431054+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7046-9295-49bc794d3ad6', '01a20701-3ac1-7bff-9d2b-c9bbb84e1317', '\x6f478976e4e9acb6e4331aa0de2b2a4a', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431055+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-71b5-9f78-3eeec0289533', '01a20701-3ac1-7b63-bc8f-b1863ee44217', '\x6a6278716a9631f506982baf0368830c', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431056+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-75e8-bacd-52de9d89a0c9', '01a20701-3ac1-7eaf-a6cf-8ff31943c8a5', '\xa0398ae4820e29e8952de56cd9652f8f', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431057+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7c0c-9417-837e63bb19c7', '01a20701-3ac1-7daa-9dce-7952f6526650', '\x2321baa651496a0a19f118ea21b4e30a', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431059+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7595-80ff-58cf4d557f18', '01a20701-3ac1-7200-a868-8426533af3c6', '\xbbe43fa8579a37e224ef49241a57042a', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.43106+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-75aa-b71d-b0851947c303', '01a20701-3ac1-75a4-bb4e-1d1f8ce698d7', '\x251f812164cf915e56fe1a18e223e84d', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431061+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7c8b-8a45-cbabe7827f95', '01a20701-3ac1-71b5-8bb9-1c0601b2068b', '\xa7d6b16a7a76d0e6817e5a71c445a54b', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431062+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7d75-8654-359a1401df8e', '01a20701-3ac1-7979-978a-cb5a3f4d457d', '\xd93d4d0f7662b10b26b8779c6e4f5368', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431063+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7e67-9ea7-1c2cec4152c2', '01a20701-3ac1-746b-abb6-283ec76c2a3c', '\x5baf37cd50dc7aa861e03ccf58486c8b', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431064+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-78cd-97e1-8321218cfad2', '01a20701-3ac1-7aa9-9e1e-5d4864735f2c', '\x56f11e25616f80e8546658b45a04e154', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431065+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3c24-7d57-98d3-38ffc8ecddf1', '01a20701-3c26-7e59-835e-d34b594f9d07', '\xf7165749304f7a95092ddefb02b91d1e', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:11.167807+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3c24-731b-89df-a478c1d327eb', '01a20701-3c26-7fc6-974e-8d23dd7a46f8', '\xcd2464b19fd7c1ff5d0d9047dcfa892f', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:11.167808+00', NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3aad-7cfc-8c1f-a1d04979f38a', '01a20701-3ac1-7b3a-8707-5b49911c72d9', '\x19799df72f0d025610bc9adaee0627cf', '\xf950f568a6e4cb219dd49c7824de741d', '2026-11-23 06:04:10.431043+00', '2026-11-23 06:04:11.345965+00');
INSERT INTO public.prospect_search VALUES
	('01a20701-38ce-7424-a0e9-35a00df3a509', '01a20701-3808-7620-b410-50de01a68bb0', 'hotels', 'active', '2026-11-23 06:04:10.323944+00', 36, '2026-11-23 06:04:11.388652+00', 31, 30, 1);
INSERT INTO public.receipt VALUES
	('01a20701-38ce-7424-a0e9-35a00df3a509', 'crm', '2026-11-23 06:04:10.431065+00', '2026-11-23 06:04:11.033939+00', NULL, NULL),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 'nightly', '2026-11-23 06:04:10.431055+00', '2026-11-23 06:04:11.143458+00', NULL, NULL);
INSERT INTO public.receipt_step OVERRIDING SYSTEM VALUE VALUES
	(1, '01a20701-38ce-7424-a0e9-35a00df3a509', 'crm', 'served', '2026-11-23 06:04:10.431065+00', '2026-11-23 06:04:11.033939+00'),
	(2, '01a20701-38ce-7424-a0e9-35a00df3a509', 'nightly', 'served', '2026-11-23 06:04:10.431055+00', '2026-11-23 06:04:11.143458+00');
INSERT INTO public.schema_migration VALUES
	('0001_tenants_and_keys', '2026-11-23 06:04:07.744413+00'),
	('0002_feed', '2026-11-23 06:04:07.78961+00'),
	('0003_consumers', '2026-11-23 06:04:07.820986+00'),
	('0004_privacy', '2026-11-23 06:04:07.839932+00'),
	('0005_webhooks', '2026-11-23 06:04:07.855108+00'),
	('0006_console', '2026-11-23 06:04:07.885452+00'),
	('0007_instance', '2026-11-23 06:04:07.905263+00'),
	('0008_reading', '2026-11-23 06:04:07.919773+00'),
	('0009_sealed_secrets', '2026-11-23 06:04:07.935963+00'),
	('0010_webhook_answers', '2026-11-23 06:04:07.942983+00'),
	('0011_place_at', '2026-11-23 06:04:07.950242+00');
INSERT INTO public.suppression VALUES
	('01a20701-3808-7620-b410-50de01a68bb0', 'email', '\xba8cb81b05d6bcc36c4e0ce8c16070ac', '2026-11-23 06:04:11.485856+00'),
	('01a20701-3808-7620-b410-50de01a68bb0', 'name', '\x251aa814f26a2a8cce0fb2d95cec796e', '2026-11-23 06:04:11.486028+00'),
	('01a20701-3808-7620-b410-50de01a68bb0', 'prospect', '\xf87ce821991b048134f907ba438c2b44', '2026-11-23 06:04:11.486035+00');
INSERT INTO public.tally VALUES
	('01a20701-38ce-7424-a0e9-35a00df3a509', 2, 0, 32, 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 0, 0, 32, 1),
	('01a20701-38ce-7424-a0e9-35a00df3a509', 1, 0, 32, 1);
INSERT INTO public.walk OVERRIDING SYSTEM VALUE VALUES
	(1, '01a20701-38ce-7424-a0e9-35a00df3a509', 'nightly', NULL, '2026-11-23 06:04:10.431065+00', 30, 20, 21, 10, 11, 20, '2026-11-23 06:04:11.108347+00', '2026-11-23 06:04:11.132493+00', NULL, 1);
INSERT INTO public.webhook VALUES
	('01a20701-3b6f-7d4e-b13d-19aea8cebb29', '01a20701-3808-7620-b410-50de01a68bb0', '01a20701-38ce-7424-a0e9-35a00df3a509', 'http://127.0.0.1:1025/', '{company.delivered,company.withdrawn,prospect.erased}', false, 'http://service.test', '2026-11-23 06:04:11.000941+00', NULL, NULL, '2026-11-23 06:04:11.45519+00');
INSERT INTO public.webhook_attempt OVERRIDING SYSTEM VALUE VALUES
	(1, '01a20701-3b6f-7d4e-b13d-19aea8cebb29', '01a20701-38ce-7424-a0e9-35a00df3a509', 'company.delivered', 'msg_e25ed1bb90110b57cd7fa1852cb2a9a0', '2026-11-23 06:04:11.421269+00', 16, NULL, 'The connection was refused.', NULL);
INSERT INTO public.webhook_position VALUES
	('01a20701-3b6f-7d4e-b13d-19aea8cebb29', '01a20701-38ce-7424-a0e9-35a00df3a509', '2026-11-23 06:04:10.431065+00', '2026-11-23 06:04:10.431065+00', NULL, NULL, NULL, '2026-11-23 06:04:11.891599+00', 1, '2026-11-23 06:04:11.432568+00', NULL);
INSERT INTO public.webhook_secret VALUES
	('01a20701-3b6f-7d4e-b13d-19aea8cebb29', NULL, '2026-11-23 06:04:11.012772+00', NULL, '\x674141414141427241396462334f52345a7754325472744f45566a4c3853694243554331636a37764762437850337744354c574671742d703553353130764464624d716c386b6e6c4554785967394d744353454a684b52536d667633344a796e6f73585666747739637757314b647a47353357547838484a477a78665456596d77622d44306536444e7a344f', 'cef9a4d9ce20ef34');
SELECT pg_catalog.setval('public.history_id_seq', 42, true);
SELECT pg_catalog.setval('public.receipt_step_id_seq', 2, true);
SELECT pg_catalog.setval('public.walk_id_seq', 1, true);
SELECT pg_catalog.setval('public.webhook_attempt_id_seq', 1, true);
ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT api_key_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT api_key_secret_hash_key UNIQUE (secret_hash);
ALTER TABLE ONLY public.company
    ADD CONSTRAINT company_pkey PRIMARY KEY (prospect_search_id, id);
ALTER TABLE ONLY public.console_session
    ADD CONSTRAINT console_session_pkey PRIMARY KEY (token_hash);
ALTER TABLE ONLY public.delivery_hour
    ADD CONSTRAINT delivery_hour_pkey PRIMARY KEY (prospect_search_id, hour);
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT delivery_pkey PRIMARY KEY (prospect_search_id, "position");
ALTER TABLE ONLY public.erasure
    ADD CONSTRAINT erasure_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.erasure_place
    ADD CONSTRAINT erasure_place_pkey PRIMARY KEY (erasure_id, prospect_search_id, company_id, prospect_id);
ALTER TABLE ONLY public.history
    ADD CONSTRAINT history_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.idempotent_answer
    ADD CONSTRAINT idempotent_answer_pkey PRIMARY KEY (organization_id, key);
ALTER TABLE ONLY public.instance
    ADD CONSTRAINT instance_is_only_key UNIQUE (is_only);
ALTER TABLE ONLY public.instance
    ADD CONSTRAINT instance_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.organization
    ADD CONSTRAINT organization_name_key UNIQUE (name);
ALTER TABLE ONLY public.organization
    ADD CONSTRAINT organization_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.prospect
    ADD CONSTRAINT prospect_pkey PRIMARY KEY (prospect_search_id, company_id, id);
ALTER TABLE ONLY public.prospect_search
    ADD CONSTRAINT prospect_search_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.receipt
    ADD CONSTRAINT receipt_pkey PRIMARY KEY (prospect_search_id, consumer);
ALTER TABLE ONLY public.receipt_step
    ADD CONSTRAINT receipt_step_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.suppression
    ADD CONSTRAINT suppression_pkey PRIMARY KEY (organization_id, kind, hash);
ALTER TABLE ONLY public.tally
    ADD CONSTRAINT tally_pkey PRIMARY KEY (prospect_search_id, level, block);
ALTER TABLE ONLY public.walk
    ADD CONSTRAINT walk_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.webhook_attempt
    ADD CONSTRAINT webhook_attempt_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.webhook
    ADD CONSTRAINT webhook_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.webhook_position
    ADD CONSTRAINT webhook_position_pkey PRIMARY KEY (webhook_id, prospect_search_id);
ALTER TABLE ONLY public.webhook_secret
    ADD CONSTRAINT webhook_secret_pkey PRIMARY KEY (webhook_id, created_at);
CREATE INDEX api_key_organization ON public.api_key USING btree (organization_id, name);
CREATE INDEX company_id ON public.company USING btree (id);
CREATE UNIQUE INDEX company_identity ON public.company USING btree (prospect_search_id, identity);
CREATE INDEX console_session_expiry ON public.console_session USING btree (expires_at);
CREATE UNIQUE INDEX delivery_current ON public.delivery USING btree (prospect_search_id, delivered_at) WHERE (superseded_at IS NULL);
CREATE INDEX delivery_superseded ON public.delivery USING btree (prospect_search_id, company_id) WHERE (superseded_at IS NOT NULL);
CREATE INDEX delivery_superseded_at ON public.delivery USING btree (prospect_search_id, superseded_at) WHERE (superseded_at IS NOT NULL);
CREATE INDEX erasure_organization ON public.erasure USING btree (organization_id, erased_at);
CREATE INDEX erasure_place_gone ON public.erasure_place USING btree (prospect_search_id, gone_at);
CREATE INDEX erasure_subject ON public.erasure USING btree (organization_id, subject_hash);
CREATE INDEX history_company ON public.history USING btree (prospect_search_id, company_id, id) WHERE (company_id IS NOT NULL);
CREATE INDEX history_organization ON public.history USING btree (organization_id, id) WHERE (company_id IS NULL);
CREATE INDEX idempotent_answer_age ON public.idempotent_answer USING btree (created_at);
CREATE INDEX prospect_email ON public.prospect USING btree (email_hash) WHERE (email_hash IS NOT NULL);
CREATE INDEX prospect_id ON public.prospect USING btree (id);
CREATE INDEX prospect_search_organization ON public.prospect_search USING btree (organization_id, created_at);
CREATE INDEX receipt_step_until ON public.receipt_step USING btree (prospect_search_id, consumer, kind, until);
CREATE INDEX walk_of_start ON public.walk USING btree (prospect_search_id, consumer, COALESCE(since, '-infinity'::timestamp with time zone), begun_at DESC, id DESC);
CREATE INDEX webhook_attempt_age ON public.webhook_attempt USING btree (at);
CREATE INDEX webhook_attempt_of ON public.webhook_attempt USING btree (webhook_id, id);
CREATE INDEX webhook_organization ON public.webhook USING btree (organization_id, created_at);
CREATE TRIGGER count_delivery_hour AFTER UPDATE OF "position" ON public.prospect_search FOR EACH ROW WHEN ((new."position" > old."position")) EXECUTE FUNCTION public.count_delivery_hour();
CREATE TRIGGER count_removal AFTER INSERT ON public.delivery FOR EACH ROW WHEN ((new.is_removal AND (new.superseded_at IS NULL))) EXECUTE FUNCTION public.count_removal();
CREATE TRIGGER count_removal_superseded AFTER UPDATE OF superseded_at ON public.delivery FOR EACH ROW WHEN ((new.is_removal AND (old.superseded_at IS NULL) AND (new.superseded_at IS NOT NULL))) EXECUTE FUNCTION public.count_removal();
CREATE TRIGGER history_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.history FOR EACH STATEMENT EXECUTE FUNCTION public.history_is_append_only();
ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT api_key_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organization(id);
ALTER TABLE ONLY public.console_session
    ADD CONSTRAINT console_session_key_id_fkey FOREIGN KEY (key_id) REFERENCES public.api_key(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.erasure
    ADD CONSTRAINT erasure_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organization(id);
ALTER TABLE ONLY public.erasure_place
    ADD CONSTRAINT erasure_place_erasure_id_fkey FOREIGN KEY (erasure_id) REFERENCES public.erasure(id);
ALTER TABLE ONLY public.erasure_place
    ADD CONSTRAINT erasure_place_prospect_search_id_fkey FOREIGN KEY (prospect_search_id) REFERENCES public.prospect_search(id);
ALTER TABLE ONLY public.idempotent_answer
    ADD CONSTRAINT idempotent_answer_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organization(id);
ALTER TABLE ONLY public.prospect_search
    ADD CONSTRAINT prospect_search_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organization(id);
ALTER TABLE ONLY public.receipt
    ADD CONSTRAINT receipt_prospect_search_id_fkey FOREIGN KEY (prospect_search_id) REFERENCES public.prospect_search(id);
ALTER TABLE ONLY public.receipt_step
    ADD CONSTRAINT receipt_step_prospect_search_id_consumer_fkey FOREIGN KEY (prospect_search_id, consumer) REFERENCES public.receipt(prospect_search_id, consumer);
ALTER TABLE ONLY public.suppression
    ADD CONSTRAINT suppression_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organization(id);
ALTER TABLE ONLY public.webhook_attempt
    ADD CONSTRAINT webhook_attempt_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES public.webhook(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.webhook
    ADD CONSTRAINT webhook_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organization(id);
ALTER TABLE ONLY public.webhook_position
    ADD CONSTRAINT webhook_position_prospect_search_id_fkey FOREIGN KEY (prospect_search_id) REFERENCES public.prospect_search(id);
ALTER TABLE ONLY public.webhook_position
    ADD CONSTRAINT webhook_position_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES public.webhook(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.webhook
    ADD CONSTRAINT webhook_prospect_search_id_fkey FOREIGN KEY (prospect_search_id) REFERENCES public.prospect_search(id);
ALTER TABLE ONLY public.webhook_secret
    ADD CONSTRAINT webhook_secret_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES public.webhook(id) ON DELETE CASCADE;
