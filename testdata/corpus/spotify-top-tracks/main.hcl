# Makes a playlist of what was heard most, and adds to it in hundreds, as Spotify takes them.

api "spotify" {
  spec = "spotify.yml"

  auth "oauth_2_0" {
    token = secret.spotify_token
  }

  limit {
    rate = "5/1s"
  }
}

secret "spotify_token" {
  env = "SPOTIFY_TOKEN"
}

integration "top_tracks" {
  input "range" {
    type    = enum("short_term", "medium_term", "long_term")
    default = "short_term"
  }

  input "explicit" {
    type    = bool
    default = false
  }

  step "top" {
    call   = spotify["get-users-top-artists-and-tracks"]
    params = { type = "tracks", time_range = input.range, limit = 50 }

    paginate {
      items = response.body.items
      next  = response.body.next
      limit = 200
    }
  }

  for_each "track" {
    in    = step.top.items
    where = track.type == "track" && track.uri != null && (input.explicit || !coalesce(track.explicit, false))

    aggregate "uris" {
      list = track.uri
    }

    aggregate "milliseconds" {
      sum = coalesce(track.duration_ms, 0)
    }
  }

  step "playlist" {
    call = spotify["create-playlist"]
    body = {
      name        = "Top ${title(replace(input.range, "_", " "))} ${format_time(now(), "%B %Y")}"
      description = "${len(for_each.track.uris)} tracks, ${for_each.track.milliseconds / 60000} minutes"
      public      = false
    }
  }

  for_each "part" {
    in = chunk(for_each.track.uris, 100)

    step "add" {
      call   = spotify["add-items-to-playlist"]
      params = { playlist_id = must(step.playlist.body.id, "a new playlist has an id") }
      body   = { uris = part }
    }
  }

  output "url" {
    value = step.playlist.body.external_urls.spotify
  }
}
